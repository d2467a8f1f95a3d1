package dev.convoy.jobs;

import com.fasterxml.jackson.databind.JsonNode;
import dev.convoy.checkpoint.CheckpointStore;
import dev.convoy.checkpoint.SavedCheckpoint;
import dev.convoy.data.ConvoyException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Whether a job goes on with an earlier run, and with which.
 *
 * @param mode whether it has to
 * @param run its directory; empty for the newest of the job's name
 * @param allowChanges whether it may go on though the configuration or the images have changed
 */
public record Resume(Mode mode, Optional<String> run, boolean allowChanges) {
    private static final Logger LOG = LoggerFactory.getLogger(Resume.class);

    /** A new run, whatever is there. */
    public static final Resume NEVER = new Resume(Mode.NEVER, Optional.empty(), false);

    /** Whether an earlier run is gone on with. */
    public enum Mode {
        /** A new run begins. */
        NEVER,
        /** If there is none, the job fails. */
        ALWAYS,
        /** If the newest run is not finished it is gone on with; otherwise a new one begins. */
        AUTO
    }

    /**
     * Finds the run.
     *
     * @param parent where runs are
     * @param name of the job
     * @return its directory; empty if a new one is to begin
     * @throws ConvoyException if there is nothing to go on with, but has to be
     */
    Optional<Path> find(Configuration hadoop, String parent, String name) throws IOException {
        if (mode == Mode.NEVER) {
            return Optional.empty();
        }
        FileSystem files = RunDirectory.files(hadoop, run.orElse(parent));
        Optional<Path> found = run.isPresent() ? Optional.of(new Path(run.get())) : newest(files, parent, name);
        if (found.isEmpty() && mode == Mode.ALWAYS) {
            throw new ConvoyException("Cannot go on: there is no run of " + name + " in " + parent
                    + "; train without --resume, or with --resume auto");
        }
        Optional<Path> whole = found.map(files::makeQualified);
        if (whole.isPresent() && isFinished(files, whole.get())) {
            if (mode == Mode.AUTO) {
                return Optional.empty();
            }
            if (!allowChanges) {
                throw new ConvoyException("Cannot go on with " + RunDirectory.shown(whole.get())
                        + ": it is finished; train without --resume, or, for more epochs, set train.epochs and give"
                        + " --allow-changes");
            }
        }
        return whole;
    }

    /** The newest run of a name in a folder; empty if there is none. */
    static Optional<Path> newest(FileSystem files, String parent, String name) throws IOException {
        Pattern runs = Pattern.compile(Pattern.quote(name) + "-[0-9]{8}T[0-9]{6}Z(-[0-9]+)?");
        List<Path> newestFirst;
        try {
            newestFirst = Arrays.stream(files.listStatus(new Path(parent)))
                    .filter(FileStatus::isDirectory)
                    .map(FileStatus::getPath)
                    .filter(path -> runs.matcher(path.getName()).matches())
                    .sorted(Comparator.comparing(Path::getName).reversed())
                    .toList();
        } catch (FileNotFoundException e) {
            return Optional.empty();
        }
        for (Path candidate : newestFirst) {
            // A process that was killed early may have left an empty folder.
            if (files.exists(new Path(candidate, RunDirectory.CONFIG))) {
                return Optional.of(candidate);
            }
        }
        return Optional.empty();
    }

    static boolean isFinished(FileSystem files, Path run) throws IOException {
        if (!files.exists(new Path(run, RunDirectory.CONFIG))) {
            throw new ConvoyException("Cannot go on with " + RunDirectory.shown(run)
                    + ": it is no run directory; give one, as train has printed it");
        }
        JsonNode result = RunDirectory.readJson(files, new Path(run, RunDirectory.RESULT));
        if (result.path("command").asText("train").equals("evaluate")) {
            throw new ConvoyException(
                    "Cannot go on with " + RunDirectory.shown(run) + ": it is an evaluation; give a training");
        }
        return result.path("status").asText().equals(Result.Status.COMPLETED.name());
    }

    /**
     * The newest sound checkpoint of a run; empty if it has none, and nothing that beginning anew would take from it.
     *
     * @throws ChangedRunException if it has a model
     */
    static Optional<SavedCheckpoint> checkpoint(FileSystem files, Path run) throws IOException {
        Optional<SavedCheckpoint> newest = new CheckpointStore(files, new Path(run, RunDirectory.CHECKPOINTS)).newest();
        if (newest.isEmpty() && files.exists(new Path(run, RunDirectory.MODEL))) {
            throw new ChangedRunException(
                    "Cannot go on with " + RunDirectory.shown(run)
                            + ": it has no sound checkpoint, and to begin anew would replace its model; train without --resume");
        }
        if (newest.isEmpty()) {
            LOG.warn("{} has no checkpoint yet; it begins anew", RunDirectory.shown(run));
        }
        return newest;
    }
}
