package dev.convoy.checkpoint;

import dev.convoy.data.ConvoyException;
import dev.convoy.model.Network;
import dev.convoy.storage.AtomicFiles;
import dev.convoy.storage.Interruption;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The checkpoints of one run: folders called {@code round-<n>}. One is written under another name and gets its own once it is whole; it is
 * deleted only when newer ones are sound. Folders of other names, and what does not check, are left alone.
 */
public final class CheckpointStore {
    private static final Logger LOG = LoggerFactory.getLogger(CheckpointStore.class);
    private static final Pattern NAME = Pattern.compile("round-([0-9]{1,18})");
    /** Names of what is being written, or is about to be deleted. */
    private static final String TEMPORARY = ".tmp-";

    private static final Pattern REPLACED = Pattern.compile("\\.tmp-(round-[0-9]{1,18})\\..*");

    private final FileSystem files;
    private final Path folder;

    /**
     * @param folder of all checkpoints; need not be there
     */
    public CheckpointStore(FileSystem files, Path folder) {
        this.files = files;
        this.folder = folder;
    }

    /** The newest checkpoint that is sound; the log names those that are not. */
    public Optional<SavedCheckpoint> newest() throws IOException {
        for (Path candidate : newestFirst()) {
            Optional<SavedCheckpoint> sound = sound(candidate);
            if (sound.isPresent()) {
                return sound;
            }
        }
        return Optional.empty();
    }

    private Optional<SavedCheckpoint> sound(Path checkpoint) throws IOException {
        try {
            return Optional.of(SavedCheckpoint.open(files, checkpoint));
        } catch (ConvoyException e) {
            LOG.warn("The checkpoint {} is left out: {}", checkpoint, e.getMessage());
            return Optional.empty();
        }
    }

    /** All folders called as checkpoints are, the newest first. */
    private List<Path> newestFirst() throws IOException {
        try {
            return Arrays.stream(files.listStatus(folder))
                    .filter(FileStatus::isDirectory)
                    .map(FileStatus::getPath)
                    .filter(path -> NAME.matcher(path.getName()).matches())
                    .sorted(Comparator.comparingLong(CheckpointStore::round).reversed())
                    .toList();
        } catch (FileNotFoundException e) {
            return List.of();
        }
    }

    private static long round(Path path) {
        Matcher name = NAME.matcher(path.getName());
        if (!name.matches()) {
            throw new IllegalArgumentException(path + " is no checkpoint");
        }
        return Long.parseLong(name.group(1));
    }

    /**
     * Writes a checkpoint. One of the same round, which may be damaged, is replaced.
     *
     * @return where it is
     */
    public Path write(Checkpoint checkpoint, Network network) throws IOException {
        Path target = new Path(folder, "round-" + checkpoint.round());
        Path work = temporary();
        try {
            files.mkdirs(work);
            SavedCheckpoint.write(files, work, checkpoint, network);
            if (files.exists(target)) {
                replace(target, work);
            } else {
                AtomicFiles.renameNew(files, work, target);
            }
            return target;
        } catch (IOException | RuntimeException | Error e) {
            AtomicFiles.deleteAfter(e, files, work);
            throw e;
        }
    }

    /** Gives a checkpoint's name to another folder. What is cut off {@link #sweep} settles. */
    private void replace(Path checkpoint, Path next) throws IOException {
        Path aside = new Path(folder, TEMPORARY + checkpoint.getName() + "." + UUID.randomUUID());
        AtomicFiles.renameNew(files, checkpoint, aside);
        try {
            AtomicFiles.renameNew(files, next, checkpoint);
        } catch (IOException | RuntimeException | Error e) {
            giveBack(aside, checkpoint, e);
            throw e;
        }
        files.delete(aside, true);
    }

    private void giveBack(Path aside, Path checkpoint, Throwable cause) {
        try (Interruption pause = Interruption.outlast()) {
            AtomicFiles.renameNew(files, aside, checkpoint);
        } catch (IOException e) {
            cause.addSuppressed(e);
        }
    }

    /** Ends a replacement that was cut off: where renaming is copying, the new one may be there in part. */
    private void settle(Path aside, Path checkpoint) throws IOException {
        if (files.exists(checkpoint)) {
            if (sound(checkpoint).isPresent() || sound(aside).isEmpty()) {
                files.delete(aside, true);
                return;
            }
            files.delete(checkpoint, true);
        }
        AtomicFiles.renameNew(files, aside, checkpoint);
    }

    private Path temporary() {
        return new Path(folder, TEMPORARY + UUID.randomUUID());
    }

    /** Takes the name away first, so that no half of it is ever taken for a checkpoint. */
    private void delete(Path checkpoint) throws IOException {
        Path aside = temporary();
        AtomicFiles.renameNew(files, checkpoint, aside);
        files.delete(aside, true);
    }

    /**
     * Deletes those that need not be kept any more. What cannot be read is no reason to delete another one, nor is it deleted.
     *
     * @param newest the number of rounds of the newest that is known to be sound; those of more rounds are left alone
     * @param bestEpoch the number of the best epoch, from 1; empty if none is known
     * @param kept one of this store that stays in any case
     */
    public void prune(Retention retention, long newest, OptionalInt bestEpoch, Optional<Path> kept) throws IOException {
        int newer = 0;
        for (Path candidate : newestFirst()) {
            if (round(candidate) > newest) {
                continue;
            }
            Optional<CheckpointJson> content = SavedCheckpoint.description(files, candidate);
            if (content.isEmpty()) {
                continue;
            }
            boolean best = content.get().progress().step() == 0
                    && bestEpoch.equals(OptionalInt.of(content.get().progress().epoch()));
            if (!retention.keeps(content.get().progress(), newer, best)
                    && !kept.map(Path::getName).equals(Optional.of(candidate.getName()))) {
                delete(candidate);
            }
            newer++;
        }
    }

    /**
     * Deletes what processes that were killed have left half written, and gives back the name of a checkpoint that was being replaced; only
     * their successor may call this.
     */
    public void sweep() throws IOException {
        if (!files.exists(folder)) {
            return;
        }
        for (FileStatus found : files.listStatus(folder)) {
            Path path = found.getPath();
            Matcher replaced = REPLACED.matcher(path.getName());
            if (replaced.matches()) {
                settle(path, new Path(folder, replaced.group(1)));
            } else if (path.getName().startsWith(TEMPORARY)) {
                files.delete(path, true);
            }
        }
    }
}
