package dev.convoy.data.source;

import dev.convoy.data.ConvoyException;
import dev.convoy.data.ImageShape;
import dev.convoy.data.SourceImage;
import java.io.BufferedReader;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.function.LongPredicate;
import java.util.stream.IntStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * Files in CIFAR's binary format: 32x32 images in red, green and blue planes, each after its label, one byte for
 * CIFAR-10, two (superclass, class) for CIFAR-100. Classes are named by {@code batches.meta.txt} or {@code
 * fine_label_names.txt} beside the files, else by their numbers. Ids are positions, over files in the order of their
 * names.
 *
 * @param path one file, or a pattern such as {@code cifar-10-batches-bin/data_batch_*.bin}
 */
public record CifarSource(String path) implements ImageSource {
    private static final ImageShape SHAPE = new ImageShape(3, 32, 32);
    private static final int IMAGES_PER_SPLIT = 5000;

    /** A kind of file. */
    private enum Format {
        CIFAR_10(1, 10, "batches.meta.txt"),
        CIFAR_100(2, 100, "fine_label_names.txt");

        private final int labelBytes;
        private final int classes;
        private final String names;

        Format(int labelBytes, int classes, String names) {
            this.labelBytes = labelBytes;
            this.classes = classes;
            this.names = names;
        }

        int recordBytes() {
            return labelBytes + SHAPE.size();
        }
    }

    @Override
    public ImageListing list(Configuration hadoop, List<String> knownClasses) throws IOException {
        List<Split> splits = new ArrayList<>();
        long images = 0;
        Format format = null;
        List<FileStatus> files = HadoopFiles.filesNamed(hadoop, path);
        for (FileStatus file : files) {
            Format found = formatOf(file);
            if (format != null && found != format) {
                throw new ConvoyException("Cannot use " + path + ": it holds files of CIFAR-10 and CIFAR-100");
            }
            format = found;
            long count = file.getLen() / format.recordBytes();
            for (long first = 0; first < count; first += IMAGES_PER_SPLIT) {
                int size = (int) Math.min(IMAGES_PER_SPLIT, count - first);
                splits.add(new Split(file.getPath().toString(), format, images, first, size, List.of()));
                images += size;
            }
        }
        List<String> found = classNames(hadoop, files.get(0).getPath().getParent(), format);
        Classes classes = new Classes(path, found, knownClasses.isEmpty() ? found : knownClasses);
        List<Integer> indexes = found.stream().map(classes::indexOf).toList();
        return new ImageListing(
                path,
                images,
                classes.names(),
                splits.stream().map(split -> split.withIndexes(indexes)).toList());
    }

    private static Format formatOf(FileStatus file) {
        for (Format format : Format.values()) {
            if (file.getLen() > 0 && file.getLen() % format.recordBytes() == 0) {
                return format;
            }
        }
        throw new ConvoyException("Cannot read " + file.getPath() + " as CIFAR: its " + file.getLen()
                + " bytes are no multiple of 3073 (CIFAR-10) or 3074 (CIFAR-100); fetch it again, or name the data files"
                + " alone, for example data_batch_*.bin");
    }

    private static List<String> classNames(Configuration hadoop, Path folder, Format format) throws IOException {
        Path names = new Path(folder, format.names);
        FileSystem files = names.getFileSystem(hadoop);
        List<String> found = List.of();
        if (files.exists(names)) {
            try (BufferedReader in =
                    new BufferedReader(new InputStreamReader(files.open(names), StandardCharsets.UTF_8))) {
                found = in.lines()
                        .map(String::strip)
                        .filter(line -> !line.isEmpty())
                        .toList();
            }
        }
        return found.size() == format.classes
                ? found
                : IntStream.range(0, format.classes).mapToObj(Integer::toString).toList();
    }

    /**
     * A range of a file.
     *
     * @param firstId of its first image
     * @param first position in the file
     * @param indexes class index for every label
     */
    private record Split(String file, Format format, long firstId, long first, int size, List<Integer> indexes)
            implements ImageSplit {
        Split withIndexes(List<Integer> other) {
            return new Split(file, format, firstId, first, size, List.copyOf(other));
        }

        @Override
        public Iterator<SourceImage> read(Configuration hadoop, LongPredicate wanted) throws IOException {
            Path name = new Path(file);
            byte[] records = new byte[size * format.recordBytes()];
            try (InputStream in = name.getFileSystem(hadoop).open(name)) {
                DataInputStream all = new DataInputStream(in);
                all.skipNBytes(first * format.recordBytes());
                all.readFully(records);
            } catch (IOException e) {
                throw new UncheckedIOException("Cannot read " + file, e);
            }
            return IntStream.range(0, size)
                    .filter(i -> wanted.test(firstId + i))
                    .mapToObj(i -> image(records, i))
                    .iterator();
        }

        @Override
        public Ids ids() {
            return new Ids(firstId, firstId + size);
        }

        private SourceImage image(byte[] records, int index) {
            int pixels = index * format.recordBytes() + format.labelBytes;
            int label = records[pixels - 1] & 0xFF;
            String name = file + "#" + (first + index);
            if (label >= indexes.size()) {
                String reason = "its label is " + label + ", but there are " + indexes.size() + " classes";
                return new SourceImage(firstId + index, name, 0, new SourceImage.Data.Unreadable(reason));
            }
            byte[] image = new byte[SHAPE.size()];
            System.arraycopy(records, pixels, image, 0, image.length);
            return new SourceImage(
                    firstId + index, name, indexes.get(label), new SourceImage.Data.Pixels(SHAPE, image));
        }
    }
}
