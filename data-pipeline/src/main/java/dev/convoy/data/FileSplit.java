package dev.convoy.data;

import java.io.IOException;
import java.io.InputStream;
import java.io.Serializable;
import java.util.Iterator;
import java.util.List;
import java.util.function.LongPredicate;
import java.util.stream.IntStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;

/** Files of one image each. One that cannot be read is a bad image, not the end. */
record FileSplit(long firstId, List<LabelledFile> files) implements ImageSplit {
    private static final int FILES_PER_SPLIT = 1000;
    /** More than the largest image that may be has uncompressed; a film by mistake is not to fill the heap. */
    private static final int MOST_BYTES = 1 << 29;

    record LabelledFile(String path, int label) implements Serializable {}

    /** Splits files whose ids are their positions. */
    static List<FileSplit> of(List<LabelledFile> files) {
        return IntStream.iterate(0, first -> first < files.size(), first -> first + FILES_PER_SPLIT)
                .mapToObj(first -> new FileSplit(
                        first, List.copyOf(files.subList(first, Math.min(files.size(), first + FILES_PER_SPLIT)))))
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
            byte[] bytes = in.readNBytes(MOST_BYTES + 1);
            data = bytes.length <= MOST_BYTES
                    ? new SourceImage.Data.Encoded(bytes)
                    : new SourceImage.Data.Unreadable("it has more than 512 MiB");
        } catch (IOException | IllegalArgumentException e) {
            // The latter for a name with a colon, which Hadoop cannot take.
            data = new SourceImage.Data.Unreadable("it cannot be read: " + e.getMessage());
        }
        return new SourceImage(id, file.path, file.label, data);
    }
}
