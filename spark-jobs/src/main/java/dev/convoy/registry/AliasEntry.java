package dev.convoy.registry;

import com.fasterxml.jackson.annotation.JsonProperty;
import dev.convoy.data.ConvoyException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * One entry of an alias: the content of {@code aliases/ALIAS/N.json}.
 *
 * @param number from 1, without gaps
 * @param version that the alias points to from here on; null for none
 * @param reason in words
 * @param runKey of the job whose decision it is; null if it is nobody's
 * @param lease the fencing number of whoever wrote it
 * @param time by the file system's clock, in UTC, and never before the previous entry
 * @param previous the SHA-256 of the bytes of the previous entry, in hexadecimal digits; empty for the first
 * @param digest the SHA-256 of the other components' texts, each followed by a line feed, an absent one being empty: of the newest entry
 *     no other one holds a digest
 */
public record AliasEntry(
        String format,
        int number,
        Action action,
        Integer version,
        String reason,
        String runKey,
        int lease,
        String time,
        Who who,
        String previous,
        String digest) {
    static final String FORMAT = "convoy-alias-1";

    /** What an entry is for. */
    public enum Action {
        /** A version takes the place of another one. */
        @JsonProperty("promote")
        PROMOTE,
        /** An earlier one takes its place again. */
        @JsonProperty("rollback")
        ROLLBACK,
        /** The alias points nowhere. */
        @JsonProperty("remove")
        REMOVE,
        /** Nothing changes, but whoever was about to write this entry on the ground of the previous one no longer can. */
        @JsonProperty("fence")
        FENCE
    }

    /** Who wrote it. */
    public record Who(String host, long pid, String user) {}

    public AliasEntry {
        Objects.requireNonNull(format);
        Objects.requireNonNull(action);
        Objects.requireNonNull(reason);
        Objects.requireNonNull(who);
        Objects.requireNonNull(previous);
        Objects.requireNonNull(digest);
        Instant.parse(time);
        if (number < 1 || version != null && version < 1 || lease < 1) {
            throw new ConvoyException("Cannot use an entry whose number, version or lease is below 1");
        }
    }

    /** The version that the alias points to from here on; empty for none. */
    public OptionalInt versionNumber() {
        return version == null ? OptionalInt.empty() : OptionalInt.of(version);
    }

    /** When it was written, by the file system's clock. */
    public Instant instant() {
        return Instant.parse(time);
    }

    /** The job whose decision it is; empty if it is nobody's. */
    public Optional<String> madeFor() {
        return Optional.ofNullable(runKey);
    }

    /** This entry with the digest that it should have. */
    AliasEntry withDigest() {
        String text = Stream.of(
                        format, number, action, version, reason, runKey, lease, time, who.host, who.pid, who.user,
                        previous)
                .map(component -> (component == null ? "" : component) + "\n")
                .collect(Collectors.joining());
        return new AliasEntry(
                format,
                number,
                action,
                version,
                reason,
                runKey,
                lease,
                time,
                who,
                previous,
                RegistryJson.sha256(text.getBytes(StandardCharsets.UTF_8)));
    }
}
