package dev.convoy.data;

import java.io.Serializable;
import java.util.List;

/**
 * The unit in which images are stored, cached and shipped: many decoded images of one shape, ordered by id.
 *
 * @param shape the shape of every image
 * @param ids stable example ids, strictly increasing
 * @param pixels {@code [ids.length, channels, height, width]} unsigned bytes (NCHW); at most {@link #MAX_BYTES}
 *     unless a single image is larger; null where they are kept elsewhere
 * @param targets one for each image
 * @param rejected the images among this chunk's examples that could not be decoded
 */
public record ImageChunk(
        ImageShape shape, long[] ids, byte[] pixels, List<Target> targets, List<RejectedImage> rejected)
        implements Serializable {
    /** The most pixel bytes in a chunk: 64 MiB. */
    public static final int MAX_BYTES = 64 << 20;

    public ImageChunk {
        boolean fits = pixels == null || pixels.length == (long) ids.length * shape.size();
        if (!fits || targets.size() != ids.length) {
            throw new IllegalArgumentException("Cannot make a chunk of " + ids.length + " images of " + shape + ": "
                    + pixels.length + " bytes and " + targets.size() + " targets were given");
        }
    }

    /** All but the pixels, where these are kept elsewhere. */
    ImageChunk withoutPixels() {
        return new ImageChunk(shape, ids, null, targets, rejected);
    }

    /** The number of usable images. */
    public int size() {
        return ids.length;
    }
}
