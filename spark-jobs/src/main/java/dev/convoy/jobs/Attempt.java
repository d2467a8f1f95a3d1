package dev.convoy.jobs;

import com.fasterxml.jackson.databind.JsonNode;
import dev.convoy.data.ConvoyException;
import dev.convoy.model.Json;
import dev.convoy.storage.AtomicFiles;
import dev.convoy.storage.FileTime;
import dev.convoy.storage.ProcessId;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.util.Arrays;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A process's hold on a run directory. Attempt {@code n} is whoever creates {@code attempts/n.json}; it holds the directory until there is
 * a later one, and writes nothing any more from then on, should it come back from the dead.
 */
final class Attempt {
    private static final Logger LOG = LoggerFactory.getLogger(Attempt.class);
    private static final String FOLDER = "attempts";

    /** How old the last sign of life of a process on another host is when it is taken for dead: several heartbeats. */
    private static final long DEAD_MILLIS = 6 * RunDirectory.HEARTBEAT.toMillis();

    private static final long POLL_MILLIS = 1000;

    private final FileSystem files;
    private final Path run;
    private final int number;

    private Attempt(FileSystem files, Path run, int number) {
        this.files = files;
        this.run = run;
        this.number = number;
    }

    /** Claims a new directory. */
    static Attempt first(FileSystem files, Path run) throws IOException {
        return claim(files, run, 1);
    }

    /**
     * Takes a directory over.
     *
     * @throws ConvoyException if its holder lives, or somebody else is quicker
     */
    static Attempt next(FileSystem files, Path run) throws IOException {
        int last = last(files, run);
        if (last > 0 && isRunning(files, run)) {
            checkDead(files, run, last);
        }
        return claim(files, run, last + 1);
    }

    private static Attempt claim(FileSystem files, Path run, int number) throws IOException {
        byte[] process = Json.MAPPER.writeValueAsBytes(ProcessId.current());
        if (!AtomicFiles.createNew(files, file(run, number), process)) {
            throw new ConvoyException("Cannot go on in " + run + ": another process has just taken it; wait for it");
        }
        return new Attempt(files, run, number);
    }

    private static Path file(Path run, int number) {
        return new Path(new Path(run, FOLDER), number + ".json");
    }

    private static int last(FileSystem files, Path run) throws IOException {
        try {
            return Arrays.stream(files.listStatus(new Path(run, FOLDER)))
                    .map(status -> status.getPath().getName())
                    .filter(name -> name.matches("[0-9]{1,8}\\.json"))
                    .mapToInt(name -> Integer.parseInt(name.substring(0, name.indexOf('.'))))
                    .max()
                    .orElse(0);
        } catch (FileNotFoundException e) {
            return 0;
        }
    }

    /** Whether the last attempt has not said that it has ended. */
    private static boolean isRunning(FileSystem files, Path run) throws IOException {
        String status = RunDirectory.status(files, run);
        return status.isEmpty() || status.equals(Result.Status.RUNNING.name());
    }

    private static void checkDead(FileSystem files, Path run, int last) throws IOException {
        JsonNode json = RunDirectory.readJson(files, file(run, last));
        ProcessId owner = new ProcessId(
                json.path("host").asText(),
                json.path("pid").asLong(),
                json.path("started").asText(),
                json.path("mark").asText(ProcessId.UNKNOWN));
        boolean dead = owner.isHere() ? owner.hasEnded() : !showsLife(files, new Path(run, RunDirectory.RESULT));
        if (!dead) {
            throw new ConvoyException("Cannot go on in " + run + ": process " + owner.pid() + " on " + owner.host()
                    + " still trains in it; wait until it has ended, or end it");
        }
        LOG.info("Process {} on {} has ended without a word; its run is taken over", owner.pid(), owner.host());
    }

    /** Whether a process of another host writes its result; clocks of hosts need not agree. */
    private static boolean showsLife(FileSystem files, Path result) throws IOException {
        OptionalLong written = FileTime.modified(files, result);
        // Some file systems take a file away for a moment to replace it.
        if (written.isPresent() && FileTime.now(files, result.getParent()) - written.getAsLong() > DEAD_MILLIS) {
            return false;
        }
        LOG.info("Waiting to see whether the process that held {} lives", result.getParent());
        long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(DEAD_MILLIS);
        while (System.nanoTime() < deadline) {
            try {
                TimeUnit.MILLISECONDS.sleep(POLL_MILLIS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new ConvoyException("Cannot go on: the job was interrupted", e);
            }
            if (!FileTime.modified(files, result).equals(written)) {
                return true;
            }
        }
        return false;
    }

    /** Counts from 1. */
    int number() {
        return number;
    }

    /**
     * Fails if another attempt has taken over.
     *
     * @throws TakenOverException naming it
     * @throws ConvoyException if that cannot be seen
     */
    void checkHeld() {
        try {
            if (files.exists(file(run, number + 1))) {
                throw new TakenOverException("Cannot write to " + run + " any more: attempt " + (number + 1)
                        + " has taken it over from this one, " + number);
            }
        } catch (IOException e) {
            throw new ConvoyException("Cannot see whether " + run + " is still held: " + e.getMessage(), e);
        }
    }

    /** Gives the directory back as if this attempt had never been. */
    void giveBack() throws IOException {
        files.delete(file(run, number), false);
    }
}
