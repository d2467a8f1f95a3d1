package dev.convoy.registry;

import dev.convoy.data.ConvoyException;
import dev.convoy.data.Redaction;
import java.util.Collections;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.TreeMap;
import org.apache.hadoop.fs.Path;

/**
 * What is to become a version. Secrets among its texts are left out.
 *
 * @param runKey of the job that makes it; letters, digits, dots, underscores and hyphens
 * @param model a model's folder, which is copied byte for byte; it must load
 * @param parent the version that it was trained from
 * @param codeVersion of what has trained it
 * @param configuration values by key
 * @param data what it was trained on, in words
 * @param manifestHash of what it was trained on
 * @param metrics by name
 * @param runDirectory where it was trained
 * @param reason why it is here, in words
 * @param files to lie beside the model, by name
 */
public record VersionDraft(
        String runKey,
        Path model,
        OptionalInt parent,
        String codeVersion,
        Map<String, String> configuration,
        long seed,
        String data,
        String manifestHash,
        Map<String, Double> metrics,
        String runDirectory,
        String reason,
        Map<String, Source> files) {
    /** Where a file's content comes from. */
    public sealed interface Source {}

    /** Content in memory, which must not be changed any more. */
    public record Content(byte[] bytes) implements Source {}

    /** A file or a folder to copy, on any Hadoop file system. */
    public record Copy(Path from) implements Source {}

    public VersionDraft {
        Names.check("run key", runKey);
        Objects.requireNonNull(model);
        codeVersion = Redaction.of(codeVersion);
        data = Redaction.of(data);
        Objects.requireNonNull(manifestHash);
        runDirectory = Redaction.of(runDirectory);
        reason = Redaction.of(reason);
        Map<String, String> values = new TreeMap<>();
        configuration.forEach(
                (key, value) -> values.put(key, Redaction.isSecret(key) ? Redaction.REDACTED : Redaction.of(value)));
        configuration = Collections.unmodifiableMap(values);
        metrics = Map.copyOf(metrics);
        files = Collections.unmodifiableMap(new TreeMap<>(files));
        for (String name : files.keySet()) {
            if (VersionFolder.RESERVED.contains(Names.check("file", name))) {
                throw new ConvoyException("Cannot use file = " + name + "; the version itself has one of this name");
            }
        }
    }

    /** One of which nothing else is known. */
    public VersionDraft(String runKey, Path model) {
        this(runKey, model, OptionalInt.empty(), "", Map.of(), 0, "", "", Map.of(), "", "", Map.of());
    }

    public VersionDraft withParent(int version) {
        return new VersionDraft(
                runKey,
                model,
                OptionalInt.of(version),
                codeVersion,
                configuration,
                seed,
                data,
                manifestHash,
                metrics,
                runDirectory,
                reason,
                files);
    }

    public VersionDraft withCodeVersion(String version) {
        return new VersionDraft(
                runKey,
                model,
                parent,
                version,
                configuration,
                seed,
                data,
                manifestHash,
                metrics,
                runDirectory,
                reason,
                files);
    }

    public VersionDraft withConfiguration(Map<String, String> values, long newSeed) {
        return new VersionDraft(
                runKey,
                model,
                parent,
                codeVersion,
                values,
                newSeed,
                data,
                manifestHash,
                metrics,
                runDirectory,
                reason,
                files);
    }

    public VersionDraft withData(String description, String hash) {
        return new VersionDraft(
                runKey,
                model,
                parent,
                codeVersion,
                configuration,
                seed,
                description,
                hash,
                metrics,
                runDirectory,
                reason,
                files);
    }

    public VersionDraft withMetrics(Map<String, Double> values) {
        return new VersionDraft(
                runKey,
                model,
                parent,
                codeVersion,
                configuration,
                seed,
                data,
                manifestHash,
                values,
                runDirectory,
                reason,
                files);
    }

    public VersionDraft withRun(String directory) {
        return new VersionDraft(
                runKey,
                model,
                parent,
                codeVersion,
                configuration,
                seed,
                data,
                manifestHash,
                metrics,
                directory,
                reason,
                files);
    }

    public VersionDraft withReason(String text) {
        return new VersionDraft(
                runKey,
                model,
                parent,
                codeVersion,
                configuration,
                seed,
                data,
                manifestHash,
                metrics,
                runDirectory,
                text,
                files);
    }

    /** With a file of this content. */
    public VersionDraft withFile(String name, byte[] content) {
        return withSource(name, new Content(content));
    }

    /** With a copy of a file or folder. */
    public VersionDraft withFile(String name, Path from) {
        return withSource(name, new Copy(from));
    }

    private VersionDraft withSource(String name, Source source) {
        Map<String, Source> more = new TreeMap<>(files);
        more.put(name, source);
        return new VersionDraft(
                runKey,
                model,
                parent,
                codeVersion,
                configuration,
                seed,
                data,
                manifestHash,
                metrics,
                runDirectory,
                reason,
                more);
    }
}
