package dev.convoy.data.rdd;

import dev.convoy.data.ImageBatch;
import dev.convoy.data.Target;
import java.util.zip.CRC32;
import java.util.zip.CRC32C;
import java.util.zip.Checksum;

/**
 * Hashes of images, whose sum over a set tells whether it has changed: whatever the order and the partitions. They are no protection
 * against somebody who makes equal ones.
 */
final class ImageHash {
    private ImageHash() {}

    /**
     * The hash of an image with its id and class.
     *
     * @param pixels {@link #ofPixels} of it
     */
    static long of(ImageBatch images, int i, long pixels) {
        int index = images.targets().get(i) instanceof Target.ClassIndex single ? single.index() : -1;
        return mix(mix(mix(images.ids()[i]) + index) + (pixels & 0xFFFFFFFFL));
    }

    /** The hash of an image's pixels alone, equal for equal ones. */
    static long ofPixels(ImageBatch images, int i) {
        // Two sums of 32 bits with different polynomials: among a million images, one alone would take hundreds for
        // copies.
        return check(new CRC32(), images, i) << Integer.SIZE | check(new CRC32C(), images, i);
    }

    private static long check(Checksum sum, ImageBatch images, int i) {
        int size = images.shape().size();
        sum.update(images.pixels(), i * size, size);
        return sum.getValue();
    }

    /** The finalizer of SplitMix64: G. Steele, D. Lea and C. Flood, OOPSLA 2014. */
    private static long mix(long value) {
        long mixed = (value ^ value >>> 30) * 0xBF58476D1CE4E5B9L;
        mixed = (mixed ^ mixed >>> 27) * 0x94D049BB133111EBL;
        return mixed ^ mixed >>> 31;
    }
}
