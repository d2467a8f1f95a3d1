package dev.convoy.registry;

import dev.convoy.data.ConvoyException;
import dev.convoy.storage.AtomicFiles;
import dev.convoy.storage.FileTime;
import dev.convoy.storage.ProcessId;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * An alias with its history: entries {@code 1.json}, {@code 2.json} and so on, each created exclusively, none ever changed. Each holds the
 * digest of the one before, so that what was written cannot be rewritten unnoticed. The newest that verifies counts.
 */
public final class AliasLog {
    private static final Logger LOG = LoggerFactory.getLogger(AliasLog.class);

    /** Whether a version can be pointed to. */
    interface Versions {
        /**
         * @throws ConvoyException if not
         */
        void check(int number) throws IOException;
    }

    private final FileSystem files;
    private final Path folder;
    private final Versions versions;

    AliasLog(FileSystem files, Path folder, Versions versions) {
        this.files = files;
        this.folder = folder;
        this.versions = versions;
    }

    /**
     * An alias at one moment.
     *
     * @param entries that verify, in order
     * @param faults why others do not; nothing if all do
     */
    public record Reading(List<AliasEntry> entries, List<Fault> faults) {
        public Reading {
            entries = List.copyOf(entries);
            faults = List.copyOf(faults);
        }

        /** The newest entry. */
        public Optional<AliasEntry> current() {
            return entries.isEmpty() ? Optional.empty() : Optional.of(entries.get(entries.size() - 1));
        }

        /** The number of the newest entry, which is what {@link AliasLog#append} expects; 0 if there is none. */
        public int number() {
            return entries.size();
        }

        /** What the alias points to. */
        public OptionalInt version() {
            return current().map(AliasEntry::versionNumber).orElse(OptionalInt.empty());
        }

        /** What a rollback would point to: the version before this one, those that were rolled back left out. */
        public OptionalInt previous() {
            Deque<Integer> stack = new ArrayDeque<>();
            for (AliasEntry entry : entries) {
                Integer version = entry.version();
                if (entry.action() == AliasEntry.Action.ROLLBACK && stack.contains(version)) {
                    while (!stack.peek().equals(version)) {
                        stack.pop();
                    }
                } else if (version != null && !version.equals(stack.peek())) {
                    stack.push(version);
                }
            }
            return stack.stream()
                    .skip(version().isPresent() ? 1 : 0)
                    .mapToInt(Integer::intValue)
                    .findFirst();
        }

        /** The entry that was the newest at a time, by the file system's clock. */
        public Optional<AliasEntry> at(Instant time) {
            return entries.stream()
                    .filter(entry -> !entry.instant().isAfter(time))
                    .reduce((earlier, later) -> later);
        }

        /** The newest entry that was made for a job. */
        public Optional<AliasEntry> madeFor(String runKey) {
            return entries.stream()
                    .filter(entry -> entry.madeFor().equals(Optional.of(runKey)))
                    .reduce((earlier, later) -> later);
        }
    }

    /** The alias's name. */
    public String alias() {
        return folder.getName();
    }

    /** Reads all entries and verifies their chain. */
    public Reading read() throws IOException {
        List<AliasEntry> entries = new ArrayList<>();
        byte[] last = new byte[0];
        for (int number : NumberedFiles.all(files, folder)) {
            Path file = NumberedFiles.file(folder, entries.size() + 1);
            try {
                if (number != entries.size() + 1) {
                    throw new ConvoyException("it is missing, though there is a " + number + ".json");
                }
                byte[] content = RegistryJson.read(files, file);
                AliasEntry entry = RegistryJson.parse(content, file, AliasEntry.FORMAT, AliasEntry.class);
                check(entry, entries, last);
                entries.add(entry);
                last = content;
            } catch (ConvoyException | FileNotFoundException e) {
                return new Reading(
                        entries, List.of(new Fault("aliases/" + alias() + "/" + file.getName(), e.getMessage())));
            }
        }
        return new Reading(entries, List.of());
    }

    private static void check(AliasEntry entry, List<AliasEntry> before, byte[] last) {
        if (entry.number() != before.size() + 1) {
            throw new ConvoyException("it says that it is number " + entry.number());
        }
        if (!entry.equals(entry.withDigest())) {
            throw new ConvoyException("its digest is not that of what it says; it was changed");
        }
        if (!entry.previous().equals(before.isEmpty() ? "" : RegistryJson.sha256(last))) {
            throw new ConvoyException(
                    "the chain is broken: the digest that it holds is not that of the entry before it;"
                            + " one of them was changed");
        }
        if (!before.isEmpty() && entry.lease() < before.get(before.size() - 1).lease()) {
            throw new ConvoyException("it was written by lease " + entry.lease() + ", after one of a later lease");
        }
    }

    /**
     * Appends an entry, if the newest one is still that by which the change was decided.
     *
     * @param expected the number of the entry that is to be the newest; 0 for none
     * @throws AliasMovedException if somebody else was quicker
     * @throws LostLeaseException if the lease is not held any more
     * @throws ConvoyException if the history is damaged, or the version is not there
     */
    public AliasEntry append(Fence fence, int expected, AliasChange change) throws IOException {
        fence.checkHeld();
        Reading now = read();
        if (!now.faults().isEmpty()) {
            throw new ConvoyException("Cannot append to the alias " + alias() + ": its history is damaged ("
                    + now.faults().get(0) + "); restore the file, or move the alias's folder away and begin anew");
        }
        if (now.number() != expected) {
            throw new AliasMovedException(alias(), expected, now.number());
        }
        if (now.current().filter(entry -> entry.lease() > fence.number()).isPresent()) {
            throw new LostLeaseException("Cannot append to the alias " + alias() + " by lease " + fence.number()
                    + ": an entry of a later lease is there; start the job again");
        }
        if (change.version().isPresent()) {
            versions.check(change.version().getAsInt());
        }
        AliasEntry entry = entry(fence, now, change);
        fence.checkHeld();
        if (!AtomicFiles.publishNew(files, NumberedFiles.file(folder, entry.number()), RegistryJson.bytes(entry))) {
            throw new AliasMovedException(alias(), expected, read().number());
        }
        return entry;
    }

    /** Appends an entry that changes nothing, whatever the newest one is. */
    void fence(Fence fence) throws IOException {
        AliasChange nothing = new AliasChange(
                AliasEntry.Action.FENCE,
                OptionalInt.empty(),
                "lease " + fence.number() + " was taken over",
                Optional.empty());
        while (true) {
            Reading now = read();
            if (!now.faults().isEmpty()) {
                LOG.warn(
                        "Nobody can append to the alias {}: {}",
                        alias(),
                        now.faults().get(0));
                return;
            }
            try {
                append(fence, now.number(), nothing);
                return;
            } catch (AliasMovedException e) {
                LOG.debug("The earlier owner was quicker by a moment", e);
            }
        }
    }

    private AliasEntry entry(Fence fence, Reading now, AliasChange change) throws IOException {
        files.mkdirs(folder);
        Instant time = Instant.ofEpochMilli(FileTime.now(files, folder));
        Optional<AliasEntry> last = now.current();
        if (last.isPresent() && last.get().instant().isAfter(time)) {
            time = last.get().instant();
        }
        boolean stays = change.action() == AliasEntry.Action.FENCE;
        OptionalInt version = stays ? now.version() : change.version();
        ProcessId process = ProcessId.current();
        AliasEntry entry = new AliasEntry(
                AliasEntry.FORMAT,
                now.number() + 1,
                Objects.requireNonNull(change.action()),
                version.isPresent() ? version.getAsInt() : null,
                change.reason(),
                change.runKey().orElse(null),
                fence.number(),
                time.toString(),
                new AliasEntry.Who(process.host(), process.pid(), RegistryJson.user()),
                now.number() == 0
                        ? ""
                        : RegistryJson.sha256(RegistryJson.read(files, NumberedFiles.file(folder, now.number()))),
                "");
        return entry.withDigest();
    }
}
