package dev.convoy.data.source;

import dev.convoy.data.ConvoyException;
import dev.convoy.data.ImageChunk;
import dev.convoy.data.ImageShape;
import dev.convoy.data.SourceImage;
import dev.convoy.storage.AtomicFiles;
import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.function.LongPredicate;
import java.util.stream.IntStream;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A pair of IDX files as MNIST ships them: unsigned bytes, images {@code [count, rows, columns]} (magic 0x00000803) and
 * labels {@code [count]} (magic 0x00000801), each plain or gzip. Ids are positions in the file; classes are the labels
 * that there are, by their digits.
 *
 * @param images path of the image file
 * @param labels path of the label file
 * @param transposed whether an image's columns are stored one after the other, as EMNIST does
 */
public record IdxSource(String images, String labels, boolean transposed) implements ImageSource {
    private static final Logger LOG = LoggerFactory.getLogger(IdxSource.class);
    private static final int IMAGES_DIMENSIONS = 3;
    private static final int LABELS_DIMENSIONS = 1;
    private static final int UNSIGNED_BYTE = 0x08;
    /** The types of elements, by their codes. */
    private static final Map<Integer, String> TYPES = Map.of(
            0x08, "unsigned bytes", 0x09, "signed bytes", 0x0B, "int16", 0x0C, "int32", 0x0D, "float", 0x0E, "double");

    private static final int IMAGES_HEADER = 16;
    private static final int SPLIT_BYTES = 16 << 20;

    /** Makes a source whose images are stored row by row, as MNIST's. */
    public IdxSource(String images, String labels) {
        this(images, labels, false);
    }

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
        List<String> found =
                IntStream.of(classes).distinct().mapToObj(Integer::toString).toList();
        Classes names = new Classes(labels, found, knownClasses);
        if (knownClasses.isEmpty()) {
            warnOfGaps(names.names(), classes);
        }
        int[] indexes = IntStream.rangeClosed(0, 255)
                .map(label -> found.contains(Integer.toString(label)) ? names.indexOf(Integer.toString(label)) : -1)
                .toArray();
        for (int i = 0; i < classes.length; i++) {
            classes[i] = indexes[classes[i]];
        }
        return new ImageListing(images, header.count, names.names(), splits(header, classes));
    }

    /** Warns of labels that are missing between others: a wrong byte makes a class of its own. */
    private void warnOfGaps(List<String> names, int[] classes) {
        int lowest = Integer.parseInt(names.get(0));
        int highest = Integer.parseInt(names.get(names.size() - 1));
        if (highest - lowest + 1 > names.size()) {
            int[] counts = new int[256];
            IntStream.of(classes).forEach(label -> counts[label]++);
            String rarest = names.stream()
                    .min(Comparator.comparingInt(name -> counts[Integer.parseInt(name)]))
                    .orElseThrow();
            LOG.warn(
                    "The labels in {} do not follow one another: {}; they become {} classes, of which {} has the fewest images,"
                            + " {}",
                    labels,
                    Classes.shown(names),
                    names.size(),
                    rarest,
                    counts[Integer.parseInt(rarest)]);
        }
    }

    private List<Split> splits(Header header, int[] classes) {
        // A gzip stream has no way in but its start, so it stays in one piece.
        int perSplit = header.gzip ? header.count : Math.max(1, SPLIT_BYTES / header.shape.size());
        List<Split> splits = new ArrayList<>();
        for (int first = 0; first < header.count; first += perSplit) {
            int end = Math.min(header.count, first + perSplit);
            splits.add(new Split(
                    images, header.gzip, transposed, header.shape, first, Arrays.copyOfRange(classes, first, end)));
        }
        return splits;
    }

    private int[] readLabels(Configuration hadoop) throws IOException {
        try (DataInputStream in = open(hadoop, labels)) {
            checkMagic(labels, "labels", readHeaderInt(in, labels), LABELS_DIMENSIONS);
            int count = checkCount(labels, readHeaderInt(in, labels));
            checkMemory(count);
            byte[] classes = in.readNBytes(count);
            if (classes.length < count) {
                throw truncated(labels, count, classes.length);
            }
            return IntStream.range(0, count).map(i -> classes[i] & 0xFF).toArray();
        } catch (EOFException | ZipException e) {
            throw garbled(labels, e);
        }
    }

    private static ConvoyException garbled(String file, IOException e) {
        return new ConvoyException(
                "Cannot read " + file + ": it is cut short or garbled (" + e.getMessage() + "); fetch it again", e);
    }

    /** Refuses labels that memory has no room for: a few bytes of gzip can claim to be gigabytes. */
    private void checkMemory(int count) {
        if (count > Runtime.getRuntime().maxMemory() / 16) {
            throw new ConvoyException("Cannot read " + labels + ": its header says " + count
                    + " labels, for which this heap is too small; give more memory (-Xmx) if that is true");
        }
    }

    private Header readHeader(Configuration hadoop) throws IOException {
        try (DataInputStream in = open(hadoop, images)) {
            checkMagic(images, "images", readHeaderInt(in, images), IMAGES_DIMENSIONS);
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
        } catch (EOFException | ZipException e) {
            throw garbled(images, e);
        }
    }

    /** Checks a file's first number: two zero bytes, the type of an element, the number of dimensions. */
    private static void checkMagic(String file, String what, int magic, int dimensions) {
        if (magic == (UNSIGNED_BYTE << 8 | dimensions)) {
            return;
        }
        String type = TYPES.get(magic >>> 8);
        String found = type == null
                ? String.format("its magic number is 0x%08X", magic)
                : "it holds " + type + " in " + (magic & 0xFF) + " dimensions";
        boolean swapped = magic == (UNSIGNED_BYTE << 8 | IMAGES_DIMENSIONS + LABELS_DIMENSIONS - dimensions);
        throw new ConvoyException("Cannot read " + file + " as IDX " + what + ": " + found
                + "; wanted are unsigned bytes in " + dimensions + " dimensions"
                + (swapped ? "; images and labels are swapped" : ""));
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
            return AtomicFiles.open(path.getFileSystem(hadoop), path);
        } catch (FileNotFoundException e) {
            throw new ConvoyException("Cannot find " + file + "; check the path", e);
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
        try {
            return new DataInputStream(gzip ? new GZIPInputStream(in, 1 << 16) : in);
        } catch (EOFException | ZipException e) {
            in.close();
            throw garbled(file, e);
        }
    }

    private record Header(int count, ImageShape shape, boolean gzip) {}

    /**
     * A range of one image file with its labels.
     *
     * @param first position of the first image
     * @param classes class indexes, one for each image of the range
     */
    private record Split(String file, boolean gzip, boolean transposed, ImageShape shape, int first, int[] classes)
            implements ImageSplit {
        @Override
        public Iterator<SourceImage> read(Configuration hadoop, LongPredicate wanted) throws IOException {
            DataInputStream in = open(hadoop, file);
            try {
                in.skipNBytes(IMAGES_HEADER + (long) first * shape.size());
            } catch (IOException e) {
                in.close();
                throw garbled(file, e);
            }
            int[] next = {0};
            return new ClosingIterator(() -> next(in, next, wanted), in);
        }

        @Override
        public Ids ids() {
            return new Ids(first, first + (long) classes.length);
        }

        private SourceImage next(DataInputStream in, int[] next, LongPredicate wanted) {
            while (next[0] < classes.length) {
                int index = next[0]++;
                byte[] pixels = pixels(in, index);
                int position = first + index;
                if (wanted.test(position)) {
                    return new SourceImage(
                            position,
                            file + "#" + position,
                            classes[index],
                            new SourceImage.Data.Pixels(
                                    transposed
                                            ? new ImageShape(
                                                    1, /* height= */ shape.width(), /* width= */ shape.height())
                                            : shape,
                                    transposed ? transposed(pixels) : pixels));
                }
            }
            return null;
        }

        private byte[] pixels(DataInputStream in, int index) {
            try {
                byte[] pixels = in.readNBytes(shape.size());
                if (pixels.length < shape.size()) {
                    throw truncated(file, first + classes.length, first + index);
                }
                return pixels;
            } catch (IOException e) {
                throw new ConvoyException("Cannot read " + file + ": " + e.getMessage(), e);
            }
        }

        private byte[] transposed(byte[] pixels) {
            byte[] turned = new byte[pixels.length];
            for (int row = 0; row < shape.height(); row++) {
                for (int column = 0; column < shape.width(); column++) {
                    turned[column * shape.height() + row] = pixels[row * shape.width() + column];
                }
            }
            return turned;
        }
    }
}
