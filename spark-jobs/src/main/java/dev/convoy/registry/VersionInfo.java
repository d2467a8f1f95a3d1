package dev.convoy.registry;

import dev.convoy.data.ConvoyException;
import java.time.Instant;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.TreeMap;

/**
 * What a version is and where it comes from: the content of {@code version.json}. Texts that are not known are empty.
 *
 * @param number of the version, from 1
 * @param parent the version that it was trained from; null for none
 * @param runKey of the job that has made it; no other version has it
 * @param created when, by the file system's clock, in UTC
 * @param codeVersion of what has trained it
 * @param configuration values by key, without secrets
 * @param data what it was trained on, in words
 * @param manifestHash of what it was trained on
 * @param metrics by name, for example test-accuracy
 * @param runDirectory where it was trained
 * @param reason why it is here, in words
 * @param classNames in the order of the outputs
 */
public record VersionInfo(
        String format,
        int number,
        Integer parent,
        String runKey,
        String created,
        String codeVersion,
        Map<String, String> configuration,
        long seed,
        String data,
        String manifestHash,
        Map<String, Double> metrics,
        String runDirectory,
        String reason,
        List<String> classNames) {
    static final String FORMAT = "convoy-version-1";

    public VersionInfo {
        Objects.requireNonNull(format);
        Objects.requireNonNull(reason);
        Objects.requireNonNull(runDirectory);
        if (number < 1 || parent != null && (parent < 1 || parent >= number)) {
            throw new ConvoyException("Cannot use version " + number + " with parent " + parent
                    + "; numbers begin at 1, and a parent is older");
        }
        Names.check("run key", runKey);
        Instant.parse(created);
        configuration = Collections.unmodifiableMap(new TreeMap<>(configuration));
        metrics = Collections.unmodifiableMap(new TreeMap<>(metrics));
        classNames = List.copyOf(classNames);
    }

    /** The version that it was trained from; empty for none. */
    public OptionalInt parentNumber() {
        return parent == null ? OptionalInt.empty() : OptionalInt.of(parent);
    }

    /** When it was made, by the file system's clock. */
    public Instant createdAt() {
        return Instant.parse(created);
    }
}
