package dev.convoy.data;

import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.function.LongPredicate;
import java.util.stream.IntStream;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;

/**
 * A pair of IDX files as MNIST ships them: unsigned bytes, images {@code [count, rows, columns]} (magic 0x00000803)
 * and labels {@code [count]} (magic 0x00000801), each plain or gzip. Ids are positions in the file; class names are the
 * labels' digits.
 *
 * @param images path of the image file
 * @param labels path of the label file
 */
public record IdxSource(String images, String labels) implements ImageSource {
    private static final int IMAGES_MAGIC = 0x00000803;
    private static final int LABELS_MAGIC = 0x00000801;
    private static final int IMAGES_HEADER = 16;
    private static final int LABELS_HEADER = 8;
    private static final int SPLIT_BYTES = 16 << 20;

    @Override
    public ImageListing list(Configuration hadoop, List<String> knownClasses) throws IOException {
        int[] classes = readLabels(hadoop);
        Header header = readHeader(hadoop);
        if (header.count != classes.length) {
            throw new ConvoyException("Cannot pair " + images + " with " + labels + ": " + header.count + " images but "
                    + classes.length + " labels; give two files of the same set");
        }
        if (header.count == 0) {
            throw new ConvoyException("Cannot use " + images + ": it holds no images; give a file with at least one");
        }
        int highest = IntStream.of(classes).max().getAsInt();
        List<String> names =
                IntStream.rangeClosed(0, highest).mapToObj(Integer::toString).toList();
        if (!knownClasses.isEmpty()) {
            names = knownClasses;
            remap(classes, knownClasses);
        }
        return new ImageListing(images, header.count, names, splits(header, classes));
    }

    private List<Split> splits(Header header, int[] classes) {
        // A gzip stream has no way in but its start, so it stays in one piece.
        int perSplit = header.gzip ? header.count : Math.max(1, SPLIT_BYTES / header.shape.size());
        List<Split> splits = new ArrayList<>();
        for (int first = 0; first < header.count; first += perSplit) {
            int end = Math.min(header.count, first + perSplit);
            splits.add(new Split(images, header.gzip, header.shape, first, Arrays.copyOfRange(classes, first, end)));
        }
        return splits;
    }

    private void remap(int[] classes, List<String> knownClasses) {
        for (int i = 0; i < classes.length; i++) {
            String name = Integer.toString(classes[i]);
            int index = knownClasses.indexOf(name);
            if (index < 0) {
                throw new ConvoyException("Cannot use " + labels + ": label " + name + " at position " + i
                        + " is not among the classes " + knownClasses + "; give data of the same classes");
            }
            classes[i] = index;
        }
    }

    private int[] readLabels(Configuration hadoop) throws IOException {
        try (DataInputStream in = open(hadoop, labels)) {
            checkMagic(labels, "labels", readHeaderInt(in, labels), LABELS_MAGIC);
            int count = checkCount(labels, readHeaderInt(in, labels));
            byte[] classes = in.readNBytes(count);
            if (classes.length < count) {
                throw truncated(labels, count, classes.length);
            }
            return IntStream.range(0, count).map(i -> classes[i] & 0xFF).toArray();
        } catch (EOFException | ZipException e) {
            throw new ConvoyException("Cannot read " + labels + ": " + e.getMessage() + "; fetch the file again", e);
        }
    }

    private Header readHeader(Configuration hadoop) throws IOException {
        try (DataInputStream in = open(hadoop, images)) {
            checkMagic(images, "images", readHeaderInt(in, images), IMAGES_MAGIC);
            int count = checkCount(images, readHeaderInt(in, images));
            int rows = readHeaderInt(in, images);
            int columns = readHeaderInt(in, images);
            if (rows < 1 || columns < 1 || (long) rows * columns > ImageChunk.MAX_BYTES) {
                throw new ConvoyException("Cannot read " + images + ": its header says " + rows + " rows and " + columns
                        + " columns; both must be at least 1 and an image at most 64 MiB");
            }
            Header header = new Header(count, new ImageShape(1, rows, columns), isGzip(hadoop, images));
            long length = status(hadoop, images);
            long expected = IMAGES_HEADER + (long) count * rows * columns;
            if (!header.gzip && length < expected) {
                throw truncated(images, count, Math.max(0, (length - IMAGES_HEADER) / header.shape.size()));
            }
            return header;
        }
    }

    private static void checkMagic(String file, String what, int found, int expected) {
        if (found != expected) {
            throw new ConvoyException(String.format(
                    "Cannot read %s as IDX %s: its magic number is 0x%08X, not 0x%08X; check that images and labels are"
                            + " not swapped",
                    file, what, found, expected));
        }
    }

    private static int checkCount(String file, int count) {
        if (count < 0) {
            throw new ConvoyException("Cannot read " + file + ": its header says " + count + " entries");
        }
        return count;
    }

    private static ConvoyException truncated(String file, long expected, long found) {
        return new ConvoyException("Cannot read " + file + ": its header says " + expected + " entries but it is cut"
                + " short after " + found + "; fetch the file again");
    }

    private static int readHeaderInt(DataInputStream in, String file) throws IOException {
        try {
            return in.readInt();
        } catch (EOFException e) {
            throw new ConvoyException("Cannot read " + file + " as IDX: it ends inside its header; fetch it again", e);
        }
    }

    private static long status(Configuration hadoop, String file) throws IOException {
        Path path = new Path(file);
        return path.getFileSystem(hadoop).getFileStatus(path).getLen();
    }

    private static InputStream openRaw(Configuration hadoop, String file) throws IOException {
        Path path = new Path(file);
        try {
            return path.getFileSystem(hadoop).open(path);
        } catch (FileNotFoundException e) {
            throw new ConvoyException("Cannot find " + file + "; check the path under data", e);
        }
    }

    private static boolean isGzip(Configuration hadoop, String file) throws IOException {
        try (InputStream in = openRaw(hadoop, file)) {
            return in.read() == 0x1F && in.read() == 0x8B;
        }
    }

    private static DataInputStream open(Configuration hadoop, String file) throws IOException {
        boolean gzip = isGzip(hadoop, file);
        InputStream in = new BufferedInputStream(openRaw(hadoop, file), 1 << 16);
        return new DataInputStream(gzip ? new GZIPInputStream(in, 1 << 16) : in);
    }

    private record Header(int count, ImageShape shape, boolean gzip) {}

    /**
     * A range of one image file with its labels.
     *
     * @param first position of the first image
     * @param classes class indexes, one for each image of the range
     */
    private record Split(String file, boolean gzip, ImageShape shape, int first, int[] classes) implements ImageSplit {
        @Override
        public Iterator<SourceImage> read(Configuration hadoop, LongPredicate wanted) throws IOException {
            DataInputStream in = open(hadoop, file);
            in.skipNBytes(IMAGES_HEADER + (long) first * shape.size());
            return IntStream.range(0, classes.length)
                    .mapToObj(i -> readNext(in, i))
                    .filter(image -> wanted.test(image.id()))
                    .iterator();
        }

        private SourceImage readNext(DataInputStream in, int index) {
            try {
                byte[] pixels = in.readNBytes(shape.size());
                if (pixels.length < shape.size()) {
                    throw truncated(file, first + classes.length, first + index);
                }
                if (index == classes.length - 1) {
                    in.close();
                }
                int position = first + index;
                return new SourceImage(
                        position, file + "#" + position, classes[index], new SourceImage.Data.Pixels(shape, pixels));
            } catch (IOException e) {
                throw new ConvoyException("Cannot read " + file + ": " + e.getMessage(), e);
            }
        }
    }
}
