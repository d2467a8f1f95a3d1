package dev.convoy.data;

import java.io.Serializable;
import java.util.Arrays;

/**
 * How bytes become network inputs: {@code (pixel / 255 - mean[channel]) / std[channel]}, the convention of
 * torchvision.
 *
 * @param mean per channel, in units where 255 is 1
 * @param std per channel, in the same units, greater than 0
 */
public record Normalization(float[] mean, float[] std) implements Serializable {
    public Normalization {
        if (mean.length == 0) {
            throw new InvalidValueException("mean", "[]", "there must be one for each channel");
        }
        if (mean.length != std.length) {
            throw new InvalidValueException(
                    "std", Arrays.toString(std), "there must be one for each of the means " + Arrays.toString(mean));
        }
        for (int i = 0; i < std.length; i++) {
            if (!Float.isFinite(mean[i])) {
                throw new InvalidValueException("mean", Arrays.toString(mean), "each must be finite");
            }
            if (!(std[i] > 0) || !Float.isFinite(std[i])) {
                throw new InvalidValueException("std", Arrays.toString(std), "each must be finite and greater than 0");
            }
        }
    }

    /**
     * Normalises a batch.
     *
     * @return {@code [size, channels, height, width]} floats
     */
    public float[] apply(ImageBatch batch) {
        ImageShape shape = batch.shape();
        checkChannels(shape.channels());
        float[][] table = tables();
        int plane = shape.height() * shape.width();
        byte[] pixels = batch.pixels();
        float[] out = new float[pixels.length];
        for (int start = 0, channel = 0; start < pixels.length; start += plane) {
            float[] values = table[channel];
            for (int i = start; i < start + plane; i++) {
                out[i] = values[pixels[i] & 0xFF];
            }
            channel = (channel + 1) % shape.channels();
        }
        return out;
    }

    /**
     * Checks that there is a mean and a deviation for each channel of an image.
     *
     * @throws ConvoyException if there are more or fewer
     */
    public void checkChannels(int channels) {
        if (channels != mean.length) {
            throw new ConvoyException("Cannot normalise images with " + channels + " channels by " + mean.length
                    + " means; give one mean and one deviation for each channel");
        }
    }

    private float[][] tables() {
        float[][] table = new float[mean.length][256];
        for (int channel = 0; channel < mean.length; channel++) {
            for (int value = 0; value < 256; value++) {
                table[channel][value] = (value / 255f - mean[channel]) / std[channel];
            }
        }
        return table;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Normalization n && Arrays.equals(mean, n.mean) && Arrays.equals(std, n.std);
    }

    @Override
    public int hashCode() {
        return 31 * Arrays.hashCode(mean) + Arrays.hashCode(std);
    }

    @Override
    public String toString() {
        return "mean " + Arrays.toString(mean) + ", std " + Arrays.toString(std);
    }
}
