package dev.convoy.data.source;

import dev.convoy.data.ConvoyException;
import dev.convoy.data.SourceImage;
import dev.convoy.storage.AtomicFiles;
import java.io.File;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.Serializable;
import java.nio.file.Files;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.function.LongPredicate;
import java.util.stream.IntStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.ChecksumException;
import org.apache.hadoop.fs.FSError;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.security.AccessControlException;

/**
 * Reads files of one image each. A file that is not there, or may not be read, is a bad image. One that cannot be read
 * at the moment is tried again, and then ends the job, as chance would leave it out otherwise.
 */
record FileSplit(long firstId, List<LabelledFile> files) implements ImageSplit {
    /** The number of splits that is aimed at: enough tasks for a cluster, unless each had too many files or too few. */
    private static final int SPLITS = 256;

    private static final int MAX_FILES = 1000;
    private static final int MIN_FILES = 20;
    /** The largest file that is read. No image that may be decoded is as large, but a film may be, by mistake. */
    private static final int MAX_BYTES = 1 << 29;

    private static final int USUAL_BYTES = 1 << 24;
    /** How often a file that is there but cannot be read is tried: a quarter, half and a whole second apart. */
    private static final int ATTEMPTS = 4;

    private static final long PAUSE_MILLIS = 125;

    /**
     * @param label class index; negative if nobody knows it
     */
    record LabelledFile(String path, int label) implements Serializable {}

    /** Splits files whose ids are their positions. */
    static List<FileSplit> of(List<LabelledFile> files) {
        int size = Math.max(MIN_FILES, Math.min(MAX_FILES, files.size() / SPLITS));
        return IntStream.iterate(0, first -> first < files.size(), first -> first + size)
                .mapToObj(first ->
                        new FileSplit(first, List.copyOf(files.subList(first, Math.min(files.size(), first + size)))))
                .toList();
    }

    @Override
    public Iterator<SourceImage> read(Configuration hadoop, LongPredicate wanted) {
        return IntStream.range(0, files.size())
                .filter(i -> wanted.test(firstId + i))
                .mapToObj(i -> load(hadoop, firstId + i, files.get(i)))
                .iterator();
    }

    private static SourceImage load(Configuration hadoop, long id, LabelledFile file) {
        for (int attempt = 1; ; attempt++) {
            try {
                return new SourceImage(id, file.path, file.label, read(hadoop, new Path(file.path)));
            } catch (IOException | FSError | IllegalArgumentException e) {
                if (!saysOfTheImage(file.path, e)) {
                    if (attempt == ATTEMPTS) {
                        throw new ConvoyException(
                                "Cannot read the image " + file.path + " now, after " + ATTEMPTS + " tries: " + e
                                        + "; this says nothing of the image, so that it is not skipped; see that the"
                                        + " file system answers and start again",
                                e);
                    }
                    pause(attempt);
                    continue;
                }
                return new SourceImage(
                        id,
                        file.path,
                        file.label,
                        new SourceImage.Data.Unreadable("it cannot be read: " + e.getMessage() + hint(file.path)));
            }
        }
    }

    /**
     * Whether a file would fail so at any time. Java says of any local file that cannot be opened that it was not
     * found.
     */
    private static boolean saysOfTheImage(String path, Throwable e) {
        if (e instanceof FileNotFoundException && path.startsWith("file:")) {
            java.nio.file.Path file =
                    java.nio.file.Path.of(new Path(path).toUri().getPath());
            return !Files.isReadable(file);
        }
        return e instanceof FileNotFoundException
                || e instanceof AccessControlException
                || e instanceof ChecksumException
                // A name with a colon, which Hadoop cannot take.
                || e instanceof IllegalArgumentException;
    }

    private static String hint(String path) {
        return new File(path).getName().contains(":")
                ? "; its name has a colon, which Hadoop cannot take: rename or remove the file"
                : "";
    }

    private static void pause(int attempt) {
        try {
            Thread.sleep(PAUSE_MILLIS << attempt);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CancellationException("The task was interrupted");
        }
    }

    private static SourceImage.Data read(Configuration hadoop, Path path) throws IOException {
        FileSystem files = path.getFileSystem(hadoop);
        if (AtomicFiles.isLocal(files) && isSpecial(files.makeQualified(path))) {
            // A pipe or a device would be waited for, or never end.
            return new SourceImage.Data.Unreadable("it is no regular file");
        }
        try (InputStream in = files.open(path)) {
            byte[] first = in.readNBytes(USUAL_BYTES);
            return first.length < USUAL_BYTES
                    ? new SourceImage.Data.Encoded(first)
                    : large(first, in, files.getFileStatus(path).getLen());
        }
    }

    private static boolean isSpecial(Path local) {
        java.nio.file.Path file = java.nio.file.Path.of(local.toUri().getPath());
        return Files.exists(file) && !Files.isRegularFile(file);
    }

    /** Reads the rest of a large file, for which memory is taken only once its size is known. */
    private static SourceImage.Data large(byte[] first, InputStream in, long length) throws IOException {
        if (length > MAX_BYTES) {
            return new SourceImage.Data.Unreadable("it has more than 512 MiB");
        }
        if (length < first.length) {
            throw new IOException("it has " + length + " bytes though more were read; somebody writes it");
        }
        byte[] bytes = Arrays.copyOf(first, (int) length);
        int read = in.readNBytes(bytes, first.length, bytes.length - first.length);
        if (first.length + read < bytes.length) {
            throw new IOException("it ends before its " + length + " bytes do; somebody writes it");
        }
        return new SourceImage.Data.Encoded(bytes);
    }
}
