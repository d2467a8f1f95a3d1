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
        boolean fits = bytes == null || ends != null || bytes.length == (long) ids.length * shape.size();
        if (!fits || targets.size() != ids.length) {
            throw new IllegalArgumentException("Cannot make a chunk of " + ids.length + " images of " + shape + ": "
                    + bytes.length + " bytes and " + targets.size() + " targets were given");
        }
    }

    /** All but the images, where these are kept elsewhere. */
    ImageChunk withoutBytes() {
        return new ImageChunk(shape, ids, null, ends, targets, rejected);
    }

    /** Where an image begins in {@code bytes}; where the last one ends, for the number of images. */
    int start(int index) {
        if (ends == null) {
            return index * shape.size();
        }
        return index == 0 ? 0 : ends[index - 1];
    }

    /** The number of usable images. */
    public int size() {
        return ids.length;
    }
}
