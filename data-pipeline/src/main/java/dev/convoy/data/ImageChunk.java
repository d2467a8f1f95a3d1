package dev.convoy.data;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.LongStream;

/**
 * Images of one shape, ordered by id, decoded or as image files: what is cached and shipped as one array of bytes. A
 * chunk is a view of such an array; opening one copies no image and makes no object for any. It does not change, so
 * that threads may share it.
 *
 * <p>The layout is Convoy's own, so that every serializer of Spark's carries it without knowing a class. Numbers are
 * little-endian.
 *
 * <pre>
 * int      magic number 0x4B4E4843 ("CHNK")
 * int      version of the layout, 1
 * int[3]   channels, height and width of every image; of a file, once it is decoded
 * int      n, the number of images
 * int      m, the number of rejected images
 * int      1 if the images are files, 0 if they are decoded
 * int      t, the bytes that targets take
 * int      r, the bytes that rejected images take
 * int      where the images begin
 * int      0, so that ids are aligned
 * long[n]  ids of the images, strictly increasing
 * long[m]  ids of the rejected images, strictly increasing
 * int[n]   class indexes; below 0 where the target is none: -1 - (where it begins among the targets)
 * int[n]   where each file ends among the images; left out where these are decoded
 * byte[t]  targets that are no class index, each as an int, its length, and {@link ObjectBytes}
 * byte[r]  {@link ObjectBytes} of a list of {@link RejectedImage}; left out without any
 * byte[]   the images: [n, channels, height, width] unsigned bytes (NCHW), or n files one after the other
 * </pre>
 */
public final class ImageChunk {
    /** The most bytes of images that are put into one chunk, but for its last image: 64 MiB. */
    public static final int MAX_BYTES = 64 << 20;

    static final int MAGIC = 0x4B4E4843;
    static final int VERSION = 1;
    /** The bytes in front of the ids. */
    static final int HEADER = 12 * Integer.BYTES;

    /** What lies in front of the images, and perhaps they themselves. */
    private final ByteBuffer head;

    private final ByteBuffer images;
    private final ImageShape shape;
    private final int size;
    private final int rejectedSize;
    private final boolean files;
    private final int rejectedIds;
    private final int classes;
    private final int ends;
    private final int targets;
    private final int rejects;

    /**
     * Opens a chunk.
     *
     * @param bytes of {@link ImageChunkBuilder#build}; not copied, and not to be changed
     */
    public ImageChunk(byte[] bytes) {
        this(
                bytes,
                ByteBuffer.wrap(bytes, headBytes(bytes), bytes.length - headBytes(bytes))
                        .slice());
    }

    /**
     * Opens a chunk whose images are kept elsewhere.
     *
     * @param head of {@link #head}; not copied
     * @param images of {@link #images}, for example in a file that is mapped; not copied
     */
    public ImageChunk(byte[] head, ByteBuffer images) {
        this.head = ByteBuffer.wrap(head).order(ByteOrder.LITTLE_ENDIAN);
        this.images = images;
        shape = new ImageShape(this.head.getInt(8), this.head.getInt(12), this.head.getInt(16));
        size = this.head.getInt(20);
        rejectedSize = this.head.getInt(24);
        files = this.head.getInt(28) == 1;
        rejectedIds = HEADER + size * Long.BYTES;
        classes = rejectedIds + rejectedSize * Long.BYTES;
        ends = classes + size * Integer.BYTES;
        targets = ends + (files ? size * Integer.BYTES : 0);
        rejects = targets + this.head.getInt(32);
        if (images.capacity() != start(size)) {
            throw new IllegalArgumentException("Cannot open a chunk of " + size + " images of " + shape + ": it has "
                    + images.capacity() + " bytes of images where " + start(size) + " should be");
        }
    }

    private static int headBytes(byte[] bytes) {
        ByteBuffer head = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        if (bytes.length < HEADER || head.getInt(0) != MAGIC || head.getInt(4) != VERSION) {
            throw new IllegalArgumentException("Cannot open " + bytes.length + " bytes as a chunk of images");
        }
        return head.getInt(40);
    }

    /** Where an image begins among the images; where the last one ends, for the number of images. */
    private int start(int row) {
        if (!files) {
            return Math.multiplyExact(row, shape.size());
        }
        return row == 0 ? 0 : head.getInt(ends + (row - 1) * Integer.BYTES);
    }

    /** The shape of every image, of a file once it is decoded. */
    public ImageShape shape() {
        return shape;
    }

    /** The number of usable images. */
    public int size() {
        return size;
    }

    /** Whether images are files that are still to be decoded. */
    public boolean holdsFiles() {
        return files;
    }

    /** The id of an image. */
    public long id(int row) {
        return head.getLong(HEADER + row * Long.BYTES);
    }

    /** The row of the image with this id; below 0 if there is none. */
    public int rowOf(long id) {
        int low = 0;
        int high = size - 1;
        while (low <= high) {
            int middle = (low + high) >>> 1;
            long found = id(middle);
            if (found == id) {
                return middle;
            }
            if (found < id) {
                low = middle + 1;
            } else {
                high = middle - 1;
            }
        }
        return -1;
    }

    /** The class index of an image; below 0 if its target is none. */
    public int classIndex(int row) {
        return head.getInt(classes + row * Integer.BYTES);
    }

    /** The target of an image. */
    public Target target(int row) {
        int index = classIndex(row);
        return index >= 0 ? new Target.ClassIndex(index) : ObjectBytes.read(targetBytes(index), Target.class);
    }

    /** A target that is no class index, by what stands in place of one. */
    byte[] targetBytes(int index) {
        int at = targets - 1 - index;
        byte[] bytes = new byte[head.getInt(at)];
        head.get(at + Integer.BYTES, bytes);
        return bytes;
    }

    /** An image where it lies, as {@link #image} gives it. */
    ByteBuffer slice(int row) {
        return images.slice(start(row), start(row + 1) - start(row));
    }

    /** The bytes of an image: {@code [channels, height, width]}, or those of its file. */
    public byte[] image(int row) {
        byte[] image = new byte[start(row + 1) - start(row)];
        images.get(start(row), image);
        return image;
    }

    /** Copies a decoded image into an array, from an offset on. */
    public void copyImage(int row, byte[] to, int offset) {
        images.get(start(row), to, offset, shape.size());
    }

    /** All images, as they lie. */
    public ByteBuffer images() {
        return images.asReadOnlyBuffer();
    }

    /** The ids of the images among this chunk's examples that could not be used, in increasing order. */
    public LongStream rejectedIds() {
        return IntStream.range(0, rejectedSize).mapToLong(i -> head.getLong(rejectedIds + i * Long.BYTES));
    }

    /** The images among this chunk's examples that could not be used, in the order of their ids. */
    public List<RejectedImage> rejected() {
        if (rejectedSize == 0) {
            return List.of();
        }
        byte[] bytes = new byte[head.getInt(36)];
        head.get(rejects, bytes);
        return List.of(ObjectBytes.read(bytes, RejectedImage[].class));
    }

    /** A copy of all that lies in front of the images. */
    public byte[] head() {
        byte[] bytes = new byte[head.getInt(40)];
        head.get(0, bytes);
        return bytes;
    }
}
