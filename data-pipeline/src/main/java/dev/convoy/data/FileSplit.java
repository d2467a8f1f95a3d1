package dev.convoy.data;

import java.io.IOException;
import java.io.InputStream;
import java.io.Serializable;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.function.LongPredicate;
import java.util.stream.IntStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;

/** Files of one image each. One that cannot be read is a bad image, not the end. */
record FileSplit(long firstId, List<LabelledFile> files) implements ImageSplit {
    /** Enough tasks for a cluster, unless files would be too many or too few for a task. */
    private static final int SPLITS = 256;

    private static final int MOST_FILES = 1000;
    private static final int FEWEST_FILES = 20;
    /** More than the largest image that may be has uncompressed; a film by mistake is not to fill the heap. */
    private static final int MOST_BYTES = 1 << 29;

    private static final int USUAL_BYTES = 1 << 24;

    record LabelledFile(String path, int label) implements Serializable {}

    /** Splits files whose ids are their positions. */
    static List<FileSplit> of(List<LabelledFile> files) {
        int size = Math.max(FEWEST_FILES, Math.min(MOST_FILES, files.size() / SPLITS));
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
        SourceImage.Data data;
        Path path = new Path(file.path);
        try (InputStream in = path.getFileSystem(hadoop).open(path)) {
            byte[] first = in.readNBytes(USUAL_BYTES);
            data = first.length < USUAL_BYTES
                    ? new SourceImage.Data.Encoded(first)
                    : large(
                            first,
                            in,
                            path.getFileSystem(hadoop).getFileStatus(path).getLen());
        } catch (IOException | IllegalArgumentException e) {
            // The latter for a name with a colon, which Hadoop cannot take.
            data = new SourceImage.Data.Unreadable("it cannot be read: " + e.getMessage());
        }
        return new SourceImage(id, file.path, file.label, data);
    }

    /** The rest is asked for its size before memory is given to it. */
    private static SourceImage.Data large(byte[] first, InputStream in, long length) throws IOException {
        if (length > MOST_BYTES) {
            return new SourceImage.Data.Unreadable("it has more than 512 MiB");
        }
        byte[] bytes = Arrays.copyOf(first, (int) length);
        int read = in.readNBytes(bytes, first.length, bytes.length - first.length);
        boolean whole = first.length + read == bytes.length;
        return whole
                ? new SourceImage.Data.Encoded(bytes)
                : new SourceImage.Data.Unreadable("it cannot be read: it ends before its " + length + " bytes do");
    }
}
