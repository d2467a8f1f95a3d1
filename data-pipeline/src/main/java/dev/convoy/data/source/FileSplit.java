package dev.convoy.data.source;

import dev.convoy.data.ConvoyException;
import dev.convoy.data.ObjectBytes;
import dev.convoy.data.SourceImage;
import dev.convoy.storage.AtomicFiles;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.FileInputStream;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CancellationException;
import java.util.function.LongPredicate;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.zip.Deflater;
import java.util.zip.DeflaterOutputStream;
import java.util.zip.InflaterInputStream;
import org.apache.commons.io.function.IOSupplier;
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
final class FileSplit implements ImageSplit {
    /** The largest file that is read. No image that may be decoded is as large, but a film may be, by mistake. */
    private static final int MAX_BYTES = 1 << 29;

    private static final int USUAL_BYTES = 1 << 24;
    /** How often a file that is there but cannot be read is tried: a quarter, half and a whole second apart. */
    private static final int ATTEMPTS = 4;

    private static final long PAUSE_MILLIS = 125;

    /** What S3 says of keys and clocks, and its client where it has no keys at the moment. */
    private static final Pattern DOUBTS = Pattern.compile("(?i)credential|NoAuth|TimeTooSkewed|InvalidAccessKey"
            + "|SignatureDoesNotMatch|InvalidToken|ExpiredToken|AuthFailure");

    private static final long serialVersionUID = 1;

    private final long firstId;
    /** The files, deflated: neighbours' names have much in common, and a driver may hold those of millions. */
    private final byte[] packed;

    private final int count;

    private FileSplit(long firstId, byte[] packed, int count) {
        this.firstId = firstId;
        this.packed = packed;
        this.count = count;
    }

    @Override
    public Ids ids() {
        return new Ids(firstId, firstId + count);
    }

    /**
     * @param label class index; negative if nobody knows it
     */
    record LabelledFile(String path, int label) implements Serializable {}

    /** A split of files whose ids follow each other. */
    static FileSplit of(long firstId, List<LabelledFile> files) {
        Deflater fast = new Deflater(Deflater.BEST_SPEED);
        try {
            ByteArrayOutputStream packed = new ByteArrayOutputStream();
            try (DeflaterOutputStream deflated = new DeflaterOutputStream(packed, fast)) {
                deflated.write(ObjectBytes.write(files.toArray(LabelledFile[]::new)));
            }
            return new FileSplit(firstId, packed.toByteArray(), files.size());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            fast.end();
        }
    }

    /** The id of the first file. */
    long firstId() {
        return firstId;
    }

    LabelledFile[] files() throws IOException {
        try (InputStream inflated = new InflaterInputStream(new ByteArrayInputStream(packed))) {
            return ObjectBytes.read(inflated.readAllBytes(), LabelledFile[].class);
        }
    }

    @Override
    public Iterator<SourceImage> read(Configuration hadoop, LongPredicate wanted) throws IOException {
        LabelledFile[] files = files();
        FileSystems known = new FileSystems(hadoop);
        return IntStream.range(0, files.length)
                .filter(i -> wanted.test(firstId + i))
                .mapToObj(i -> load(known, firstId + i, files[i]))
                .iterator();
    }

    /** Finds file systems. Files of a split have mostly the same, and to look it up takes longer than to open a small file. */
    private static final class FileSystems {
        private final Configuration hadoop;
        private FileSystem last;
        private URI uri;

        FileSystems(Configuration hadoop) {
            this.hadoop = hadoop;
        }

        FileSystem of(Path path) throws IOException {
            URI asked = path.toUri();
            if (last == null
                    || !Objects.equals(asked.getScheme(), uri.getScheme())
                    || !Objects.equals(asked.getAuthority(), uri.getAuthority())) {
                last = path.getFileSystem(hadoop);
                uri = asked;
            }
            return last;
        }
    }

    private static SourceImage load(FileSystems known, long id, LabelledFile file) {
        for (int attempt = 1; ; attempt++) {
            try {
                return new SourceImage(id, file.path, file.label, read(known, new Path(file.path)));
            } catch (IOException | FSError | IllegalArgumentException e) {
                if (saysOfTheImage(file.path, e) || attempt == ATTEMPTS && isForbidden(e)) {
                    return new SourceImage(
                            id,
                            file.path,
                            file.label,
                            new SourceImage.Data.Unreadable("it cannot be read: " + e.getMessage() + hint(file.path)));
                }
                if (attempt == ATTEMPTS) {
                    throw new ConvoyException(
                            "Cannot read the image " + file.path + " now, after " + ATTEMPTS + " tries: " + e
                                    + "; this says nothing of the image, so that it is not skipped; see that the"
                                    + " file system answers and start again",
                            e);
                }
                pause(attempt);
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

    /** Whether an object store refuses an object again and again, and does not only doubt who asks. */
    private static boolean isForbidden(Throwable e) {
        return e instanceof AccessDeniedException
                && !DOUBTS.matcher(String.valueOf(e.getMessage())).find();
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

    private static SourceImage.Data read(FileSystems known, Path path) throws IOException {
        FileSystem files = known.of(path);
        if (!AtomicFiles.isLocal(files)) {
            return read(files, path);
        }
        File local = new File(files.makeQualified(path).toUri().getPath());
        if (!local.isFile() && local.exists()) {
            // A pipe or a device would be waited for, or never end.
            return new SourceImage.Data.Unreadable("it is no regular file");
        }
        boolean hasSum = new File(local.getParentFile(), "." + local.getName() + ".crc").exists();
        if (hasSum || !HadoopFiles.isPlainLocal(files)) {
            return read(files, path);
        }
        // Without a sum to compare with, Hadoop's way to a file takes longer than reading a small one.
        try (InputStream in = new FileInputStream(local)) {
            return read(in, local::length);
        }
    }

    private static SourceImage.Data read(FileSystem files, Path path) throws IOException {
        try (InputStream in = files.open(path)) {
            return read(in, () -> files.getFileStatus(path).getLen());
        }
    }

    private static SourceImage.Data read(InputStream in, IOSupplier<Long> length) throws IOException {
        byte[] first = in.readNBytes(USUAL_BYTES);
        return first.length < USUAL_BYTES ? new SourceImage.Data.Encoded(first) : large(first, in, length.get());
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
