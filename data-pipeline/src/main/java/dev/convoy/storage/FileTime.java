package dev.convoy.storage;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.util.OptionalLong;
import java.util.UUID;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/** The time by the clock of a file system, which all hosts that share it see alike. In milliseconds since 1970. */
public final class FileTime {
    private FileTime() {}

    /**
     * Asks the clock, by a file that is written and deleted.
     *
     * @param folder that is there and may be written
     */
    public static long now(FileSystem files, Path folder) throws IOException {
        Path probe = new Path(folder, ".clock-" + UUID.randomUUID());
        files.create(probe, false).close();
        try {
            return files.getFileStatus(probe).getModificationTime();
        } finally {
            files.delete(probe, false);
        }
    }

    /** When a file was written last; empty if it is not there. */
    public static OptionalLong modified(FileSystem files, Path file) throws IOException {
        try {
            return OptionalLong.of(files.getFileStatus(file).getModificationTime());
        } catch (FileNotFoundException e) {
            return OptionalLong.empty();
        }
    }
}
