package dev.convoy.data;

import java.io.Serializable;
import java.util.List;

/**
 * The unit in which images are stored, cached and shipped: many images of one shape, ordered by id, decoded or as image files.
 *
 * @param shape the shape of every image, of a file once it is decoded
 * @param ids stable example ids, strictly increasing
 * @param bytes of decoded images {@code [ids.length, channels, height, width]} unsigned bytes (NCHW), else the files, one after the
 *     other; at most {@link #MAX_BYTES}, but for the last image; null where they are kept elsewhere
 * @param ends of files, where each one ends in {@code bytes}; null of decoded images
 * @param targets one for each image
 * @param rejected the images among this chunk's examples that could not be decoded
 */
public record ImageChunk(
        ImageShape shape, long[] ids, byte[] bytes, int[] ends, List<Target> targets, List<RejectedImage> rejected)
        implements Serializable {
    /** The most bytes of images in a chunk: 64 MiB. */
    public static final int MAX_BYTES = 64 << 20;

    public ImageChunk {
        int count = ids.length;
        boolean fits = targets.size() == count && (ends == null || ends.length == count);
        if (!fits || bytes != null && bytes.length != end(shape, count, ends)) {
            throw new IllegalArgumentException("Cannot make a chunk of " + count + " images of " + shape + ": "
                    + (bytes == null ? "no" : bytes.length) + " bytes and " + targets.size() + " targets were given");
        }
    }

    private static long end(ImageShape shape, int count, int[] ends) {
        if (ends == null) {
            return (long) count * shape.size();
        }
        return count == 0 ? 0 : ends[count - 1];
    }

    /** All but the images, where these are kept elsewhere. */
    public ImageChunk withoutBytes() {
        return new ImageChunk(shape, ids, null, ends, targets, rejected);
    }

    /** Where an image begins in {@code bytes}; where the last one ends, for the number of images. */
    public int start(int index) {
        return (int) end(shape, index, ends);
    }

    /** The number of usable images. */
    public int size() {
        return ids.length;
    }
}
