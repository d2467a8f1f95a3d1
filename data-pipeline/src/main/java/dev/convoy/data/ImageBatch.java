package dev.convoy.data;

import java.io.Serializable;
import java.util.Arrays;
import java.util.List;
import java.util.stream.DoubleStream;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.apache.commons.lang3.ArrayUtils;

/**
 * One mini-batch as a replica receives it; decoded pixels, normalised only on the way into the network. Batches do not
 * change: the {@code with} methods make another one that shares all but the part they are named after.
 *
 * @param shape the shape of every image
 * @param ids example ids in the order of the plan
 * @param pixels {@code [ids.length, channels, height, width]} unsigned bytes (NCHW)
 * @param targets one for each image
 * @param weights what the loss of each image is multiplied by in training
 */
public record ImageBatch(ImageShape shape, long[] ids, byte[] pixels, List<Target> targets, double[] weights)
        implements Serializable {
    public ImageBatch {
        if (pixels.length != (long) ids.length * shape.size()
                || targets.size() != ids.length
                || weights.length != ids.length) {
            throw new IllegalArgumentException(
                    "Cannot make a batch of " + ids.length + " images of " + shape + ": " + pixels.length + " bytes, "
                            + targets.size() + " targets and " + weights.length + " weights were given");
        }
    }

    /** Makes a batch whose images all weigh 1. */
    public ImageBatch(ImageShape shape, long[] ids, byte[] pixels, List<Target> targets) {
        this(
                shape,
                ids,
                pixels,
                targets,
                DoubleStream.generate(() -> 1).limit(ids.length).toArray());
    }

    /**
     * Makes this batch with other pixels.
     *
     * @param other {@code [size, channels, height, width]} unsigned bytes, not copied
     */
    public ImageBatch withPixels(byte[] other) {
        return new ImageBatch(shape, ids, other, targets, weights);
    }

    /**
     * Makes this batch with other targets.
     *
     * @param other one for each image
     */
    public ImageBatch withTargets(List<Target> other) {
        return new ImageBatch(shape, ids, pixels, other, weights);
    }

    /**
     * Makes this batch with other weights.
     *
     * @param other one for each image, not copied
     */
    public ImageBatch withWeights(double[] other) {
        return new ImageBatch(shape, ids, pixels, targets, other);
    }

    /**
     * Makes a batch of some of this one's images, in the order given.
     *
     * @param rows positions in this batch
     */
    public ImageBatch rows(int... rows) {
        byte[] some = new byte[rows.length * shape.size()];
        for (int i = 0; i < rows.length; i++) {
            System.arraycopy(pixels, rows[i] * shape.size(), some, i * shape.size(), shape.size());
        }
        return new ImageBatch(
                shape,
                Arrays.stream(rows).mapToLong(row -> ids[row]).toArray(),
                some,
                Arrays.stream(rows).mapToObj(targets::get).toList(),
                Arrays.stream(rows).mapToDouble(row -> weights[row]).toArray());
    }

    /** Makes a batch of the images of two, whose shapes must be the same. */
    public ImageBatch plus(ImageBatch other) {
        return new ImageBatch(
                shape,
                LongStream.concat(LongStream.of(ids), LongStream.of(other.ids)).toArray(),
                ArrayUtils.addAll(pixels, other.pixels),
                Stream.concat(targets.stream(), other.targets.stream()).toList(),
                ArrayUtils.addAll(weights, other.weights));
    }

    /** The number of images. */
    public int size() {
        return ids.length;
    }

    /**
     * Writes the targets as one dense matrix. A class index becomes a row with a single one, a mixed target a weighted
     * sum of rows.
     *
     * @param outputs number of network outputs
     * @return {@code [size, outputs]}, row-major
     * @throws ConvoyException if a class index is no output, or a dense target has another number of values
     */
    public float[] denseTargets(int outputs) {
        float[] dense = new float[size() * outputs];
        for (int i = 0; i < size(); i++) {
            add(targets.get(i), 1, dense, i * outputs, outputs, ids[i]);
        }
        return dense;
    }

    private static void add(Target target, float weight, float[] dense, int row, int outputs, long id) {
        if (target instanceof Target.ClassIndex c) {
            dense[row + checkClass(c.index(), outputs, id)] += weight;
        } else if (target instanceof Target.Dense d) {
            float[] values = checkLength(d.values(), outputs, id);
            for (int i = 0; i < outputs; i++) {
                dense[row + i] += weight * values[i];
            }
        } else if (target instanceof Target.Mixed m) {
            add(m.first(), weight * m.share(), dense, row, outputs, id);
            add(m.second(), weight * (1 - m.share()), dense, row, outputs, id);
        }
    }

    private static int checkClass(int index, int outputs, long id) {
        if (index >= outputs) {
            throw new ConvoyException("Cannot train on example " + id + ": its class index is " + index
                    + " but the network has " + outputs + " outputs; give the last layer at least " + (index + 1));
        }
        return index;
    }

    private static float[] checkLength(float[] values, int outputs, long id) {
        if (values.length != outputs) {
            throw new ConvoyException("Cannot train on example " + id + ": its target has " + values.length
                    + " values but the network has " + outputs + " outputs; the two must be equal");
        }
        return values;
    }
}
