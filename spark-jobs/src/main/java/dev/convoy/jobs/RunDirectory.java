package dev.convoy.jobs;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import dev.convoy.checkpoint.CheckpointStore;
import dev.convoy.data.ConvoyException;
import dev.convoy.data.Printable;
import dev.convoy.data.Redaction;
import dev.convoy.model.Json;
import dev.convoy.model.file.TrainedModel;
import dev.convoy.storage.AtomicFiles;
import java.io.CharConversionException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.List;
import org.apache.commons.lang3.exception.ExceptionUtils;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSError;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/** The folder that a job writes; on any Hadoop file system. */
public final class RunDirectory {
    static final String CONFIG = "config.resolved.conf";
    /** The best epoch's model. */
    public static final String MODEL = TrainedModel.FOLDER;
    /** The last epoch's. */
    public static final String LAST_MODEL = "model-last";

    /** The folder of all checkpoints. */
    public static final String CHECKPOINTS = "checkpoints";

    static final String METRICS = "metrics.csv";
    static final String RESULT = "result.json";
    /** The stack trace of what a result tells in one line. */
    static final String ERROR = "error.txt";

    /** From one sign of life to the next. */
    static final Duration HEARTBEAT = Duration.ofSeconds(10);

    /** The most that is read of a file of JSON. */
    private static final int MAX_JSON = 1 << 26;

    private static final String RESERVE = ".reserve";
    /** What {@code result.json} and an error may need on a disk that has filled up meanwhile. */
    private static final int RESERVE_BYTES = 1 << 16;

    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("yyyyMMdd'T'HHmmss'Z'").withZone(ZoneOffset.UTC);

    private final FileSystem files;
    private final Path path;
    private final Attempt attempt;

    private RunDirectory(FileSystem files, Path path, Attempt attempt) {
        this.files = files;
        this.path = path;
        this.attempt = attempt;
    }

    /**
     * Makes a new folder {@code <parent>/<name>-<UTC time>}; a number follows if another run began in the same second.
     *
     * @throws ConvoyException if it cannot be made
     */
    static RunDirectory create(Configuration hadoop, String parent, String name, Instant now) {
        try {
            FileSystem files = files(hadoop, parent);
            String stem = name + "-" + TIME.format(now);
            Path path = new Path(parent, stem);
            for (int next = 2; !claim(files, path); next++) {
                path = new Path(parent, stem + "-" + next);
            }
            Path whole = files.makeQualified(path);
            return new RunDirectory(files, whole, Attempt.first(files, whole));
        } catch (IOException e) {
            throw new ConvoyException(
                    "Cannot make a run directory in run.directory = " + parent + ": " + Printable.firstLine(e)
                            + "; set it to a folder that you may write, with space",
                    e);
        }
    }

    /** Whoever creates a folder's first file owns the folder. */
    private static boolean claim(FileSystem files, Path path) throws IOException {
        if (!files.mkdirs(path)) {
            throw new IOException("the file system refused");
        }
        return AtomicFiles.createNew(files, new Path(path, CONFIG), new byte[0]);
    }

    /**
     * Takes a directory over from a process that has ended.
     *
     * @throws ConvoyException if it has not, or nothing can be written there
     */
    static RunDirectory takeOver(FileSystem files, Path path) {
        try {
            return new RunDirectory(files, path, Attempt.next(files, path));
        } catch (IOException e) {
            throw new ConvoyException(
                    "Cannot go on in " + shown(path) + ": " + Printable.firstLine(e)
                            + "; make the folder one that you may write, with space",
                    e);
        }
    }

    /** Deletes what processes before this one, which were killed, have left half written. */
    void sweep() throws IOException {
        for (Path folder : List.of(path, new Path(path, MODEL), new Path(path, LAST_MODEL))) {
            AtomicFiles.sweep(files, folder);
        }
        new CheckpointStore(files, new Path(path, CHECKPOINTS)).sweep();
    }

    /** A file of JSON; of one that is not there or damaged a node without anything. */
    static JsonNode readJson(FileSystem files, Path file) throws IOException {
        try (InputStream in = files.open(file)) {
            return Json.MAPPER.readTree(in.readNBytes(MAX_JSON));
        } catch (FileNotFoundException | JsonProcessingException | CharConversionException e) {
            return Json.MAPPER.createObjectNode();
        }
    }

    /** The status in a run's result, as {@link Result.Status} calls it; empty text if there is none. */
    public static String status(FileSystem files, Path run) throws IOException {
        return readJson(files, new Path(run, RESULT)).path("status").asText();
    }

    /** The number of this process's attempt at the run, from 1. */
    int attempt() {
        return attempt.number();
    }

    /** Deletes the directory with all that is in it. */
    void delete() {
        try {
            files.delete(path, true);
        } catch (IOException e) {
            throw unwritable(path, e);
        }
    }

    /** Leaves the directory as it was before this attempt, and its result as that was. */
    void giveBack(byte[] result) {
        try {
            files.delete(new Path(path, RESERVE), false);
            if (result.length == 0) {
                files.delete(new Path(path, RESULT), false);
            } else {
                AtomicFiles.replace(files, new Path(path, RESULT), out -> out.write(result));
            }
            attempt.giveBack();
        } catch (IOException | FSError e) {
            throw unwritable(path, e);
        }
    }

    /** The file system of a path, without the checksum files that Hadoop would put beside local files. */
    static FileSystem files(Configuration hadoop, String path) throws IOException {
        FileSystem files = new Path(path).getFileSystem(hadoop);
        files.setWriteChecksum(false);
        return files;
    }

    /**
     * The folder of a model.
     *
     * @param target that, or a run directory
     * @throws ConvoyException if it is a run that has none yet
     */
    static Path modelOf(FileSystem files, String target) throws IOException {
        Path path = new Path(target);
        Path model = TrainedModel.folder(files, path);
        if (model.equals(path) && files.exists(new Path(path, CONFIG))) {
            throw new ConvoyException("Cannot use " + target
                    + ": this run has no model; it has not completed an epoch (its result.json tells why)");
        }
        return model;
    }

    FileSystem files() {
        return files;
    }

    Path path() {
        return path;
    }

    @Override
    public String toString() {
        return shown(path);
    }

    /** How messages call a path: without a scheme on the local file system, and without credentials. */
    static String shown(Path path) {
        return path.toUri().getScheme().equals("file") ? path.toUri().getPath() : Redaction.of(path.toString());
    }

    /**
     * Fails if another process has taken the directory over.
     *
     * @throws ConvoyException naming it
     */
    void checkHeld() {
        attempt.checkHeld();
    }

    /** Writes a text file, replacing it; readers see the old one or the new one, whole. */
    void write(String name, String text) {
        write(name, text.getBytes(StandardCharsets.UTF_8));
    }

    /** Writes a file, replacing it; readers see the old one or the new one, whole. */
    void write(String name, byte[] content) {
        Path file = new Path(path, name);
        checkHeld();
        try {
            AtomicFiles.replace(files, file, out -> out.write(content));
        } catch (IOException | FSError e) {
            throw unwritable(file, e);
        }
    }

    /** The content of a small file; empty if it is not there. */
    byte[] read(String name) {
        Path file = new Path(path, name);
        try (InputStream in = files.open(file)) {
            return in.readAllBytes();
        } catch (FileNotFoundException e) {
            return new byte[0];
        } catch (IOException e) {
            throw new ConvoyException("Cannot read " + file + ": " + e.getMessage(), e);
        }
    }

    /** Keeps some space for the end. */
    void reserve() {
        write(RESERVE, " ".repeat(RESERVE_BYTES));
    }

    /** Writes the last {@code result.json}, giving back the space that was kept for it. */
    void finish(Result result) {
        checkHeld();
        Path reserve = new Path(path, RESERVE);
        try {
            files.delete(reserve, false);
        } catch (IOException e) {
            throw unwritable(reserve, e);
        }
        writeResult(result);
    }

    /**
     * @param cause Hadoop reports a full local disk as an error, not as an exception
     */
    static ConvoyException unwritable(Path file, Throwable cause) {
        return new ConvoyException(
                "Cannot write " + file + ": "
                        + Printable.firstLine(ExceptionUtils.getRootCause(cause))
                        + "; make space or set run.directory elsewhere",
                cause);
    }

    /** Writes {@code result.json}, the contract for machines. */
    void writeResult(Result result) {
        writeJson(RESULT, result);
    }

    /** Writes a file of JSON, replacing it; readers see the old one or the new one, whole. */
    void writeJson(String name, Object content) {
        try {
            write(name, Json.MAPPER.writeValueAsString(content) + "\n");
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Writes a table with a header line; nothing if it has no rows. */
    <T> void writeTable(String name, Class<T> type, List<? extends T> rows) {
        if (rows.isEmpty()) {
            return;
        }
        write(name, Tables.csv(type, rows));
    }
}
