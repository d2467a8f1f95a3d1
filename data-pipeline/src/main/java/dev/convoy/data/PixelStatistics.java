package dev.convoy.data;

import java.io.Serializable;

/**
 * Sums over pixels, from which mean and deviation follow. They are integers, so that the order in which they are merged
 * does not matter.
 *
 * @param count pixels per channel
 * @param sum per channel, of values 0 to 255
 * @param sumOfSquares per channel
 */
public record PixelStatistics(long count, long[] sum, long[] sumOfSquares) implements Serializable {
    /** Sums over the pixels of all images of a batch. */
    // The square of a byte is no large number.
    @SuppressWarnings("NarrowCalculation")
    public static PixelStatistics of(ImageBatch batch) {
        int channels = batch.shape().channels();
        int plane = batch.shape().height() * batch.shape().width();
        long[] sum = new long[channels];
        long[] squares = new long[channels];
        byte[] pixels = batch.pixels();
        for (int start = 0, channel = 0; start < pixels.length; start += plane) {
            long planeSum = 0;
            long planeSquares = 0;
            for (int i = start; i < start + plane; i++) {
                int value = pixels[i] & 0xFF;
                planeSum += value;
                planeSquares += value * value;
            }
            sum[channel] += planeSum;
            squares[channel] += planeSquares;
            channel = (channel + 1) % channels;
        }
        return new PixelStatistics((long) batch.size() * plane, sum, squares);
    }

    /** Adds two sums; neither of them is changed. */
    public PixelStatistics plus(PixelStatistics other) {
        long[] sums = sum.clone();
        long[] squares = sumOfSquares.clone();
        for (int i = 0; i < sums.length; i++) {
            sums[i] = Math.addExact(sums[i], other.sum[i]);
            squares[i] = Math.addExact(squares[i], other.sumOfSquares[i]);
        }
        return new PixelStatistics(count + other.count, sums, squares);
    }

    /**
     * Makes the normalisation that gives each channel mean 0 and deviation 1; one that does not vary is only centred.
     */
    public Normalization normalization() {
        float[] mean = new float[sum.length];
        float[] std = new float[sum.length];
        for (int i = 0; i < sum.length; i++) {
            double average = (double) sum[i] / count;
            double variance = (double) sumOfSquares[i] / count - average * average;
            mean[i] = (float) (average / 255);
            std[i] = variance > 0 ? (float) (Math.sqrt(variance) / 255) : 1;
        }
        return new Normalization(mean, std);
    }
}
