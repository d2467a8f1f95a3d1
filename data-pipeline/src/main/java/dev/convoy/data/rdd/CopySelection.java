package dev.convoy.data.rdd;

import dev.convoy.data.ConvoyException;
import dev.convoy.data.ImageShape;
import java.nio.ByteBuffer;

/**
 * Which of a source's images are copied, and as what. They get new ids from 0 without gaps, in the order in which they
 * are added. Kept in one array of bytes, which tasks read as it is.
 */
public final class CopySelection {
    /** An image: its new id and 1, or 0 if it is left out; channels; height; width. */
    private static final int ENTRY = 4 * Integer.BYTES;

    private final ByteBuffer entries;
    private int images;

    private CopySelection(ByteBuffer entries) {
        this.entries = entries;
    }

    /**
     * Selects nothing yet.
     *
     * @param available images of the source, whose ids are below that
     * @throws ConvoyException if there are more than fit into one array
     */
    public CopySelection(int available) {
        this(ByteBuffer.allocate(bytes(available)));
    }

    private static int bytes(int available) {
        if (available > Integer.MAX_VALUE / ENTRY) {
            throw new ConvoyException("Cannot copy a set of " + available + " images; " + Integer.MAX_VALUE / ENTRY
                    + " are the most: take it in parts");
        }
        return available * ENTRY;
    }

    /** Reads what {@link #bytes} has given; nothing can be added then. */
    static CopySelection of(byte[] bytes) {
        return new CopySelection(ByteBuffer.wrap(bytes).asReadOnlyBuffer());
    }

    /** Selects an image, once. */
    public void add(long id, ImageShape shape) {
        entries.putInt(at(id), ++images)
                .putInt(at(id) + 4, shape.channels())
                .putInt(at(id) + 8, shape.height())
                .putInt(at(id) + 12, shape.width());
    }

    private static int at(long id) {
        return (int) id * ENTRY;
    }

    /** The number of images that have been added. */
    public long images() {
        return images;
    }

    /** Whether an image is copied. */
    boolean contains(long id) {
        return entries.getInt(at(id)) > 0;
    }

    /** The id that an image has in the copy; -1 if it is left out. */
    long newId(long id) {
        return entries.getInt(at(id)) - 1L;
    }

    /** The shape of an image that is copied. */
    ImageShape shape(long id) {
        return new ImageShape(entries.getInt(at(id) + 4), entries.getInt(at(id) + 8), entries.getInt(at(id) + 12));
    }

    /** All of it, for {@link #of}; not copied. */
    byte[] bytes() {
        return entries.array();
    }
}
