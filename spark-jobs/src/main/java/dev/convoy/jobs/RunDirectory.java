package dev.convoy.jobs;

import com.fasterxml.jackson.core.JsonProcessingException;
import dev.convoy.data.ConvoyException;
import dev.convoy.model.Json;
import dev.convoy.storage.AtomicFiles;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
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
    static final String MODEL = "model";
    static final String RESULT = "result.json";
    /** The stack trace of what a result tells in one line. */
    static final String ERROR = "error.txt";

    private static final String RESERVE = ".reserve";
    /** What {@code result.json} and an error may need on a disk that has filled up meanwhile. */
    private static final int RESERVE_BYTES = 1 << 16;

    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("yyyyMMdd'T'HHmmss'Z'").withZone(ZoneOffset.UTC);

    private final FileSystem files;
    private final Path path;

    private RunDirectory(FileSystem files, Path path) {
        this.files = files;
        this.path = path;
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
            return new RunDirectory(files, files.makeQualified(path));
        } catch (IOException e) {
            throw new ConvoyException(
                    "Cannot make a run directory in run.directory = " + parent + ": " + e.getMessage()
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

    /** The file system of a path, without the checksum files that Hadoop would put beside local files. */
    static FileSystem files(Configuration hadoop, String path) throws IOException {
        FileSystem files = new Path(path).getFileSystem(hadoop);
        files.setWriteChecksum(false);
        return files;
    }

    /** The folder of a model, given that or a run directory. */
    static Path modelFolder(FileSystem files, Path path) throws IOException {
        Path inRun = new Path(path, MODEL);
        return files.exists(inRun) ? inRun : path;
    }

    FileSystem files() {
        return files;
    }

    Path path() {
        return path;
    }

    /** How messages call it: without a scheme on the local file system. */
    @Override
    public String toString() {
        return path.toUri().getScheme().equals("file") ? path.toUri().getPath() : path.toString();
    }

    /** Writes a text file, replacing it; readers see the old one or the new one, whole. */
    void write(String name, String text) {
        Path file = new Path(path, name);
        try {
            AtomicFiles.replace(files, file, out -> out.write(text.getBytes(StandardCharsets.UTF_8)));
        } catch (IOException | FSError e) {
            throw unwritable(file, e);
        }
    }

    /** Keeps some space for the end. */
    void reserve() {
        write(RESERVE, " ".repeat(RESERVE_BYTES));
    }

    /** Writes the last {@code result.json}, giving back the space that was kept for it. */
    void finish(Result result) {
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
                        + ExceptionUtils.getRootCause(cause).getMessage()
                        + "; make space or set run.directory elsewhere",
                cause);
    }

    /** Writes {@code result.json}, the contract for machines. */
    void writeResult(Result result) {
        try {
            write(RESULT, Json.MAPPER.writerFor(Result.class).writeValueAsString(result) + "\n");
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
