package dev.convoy.data;

import java.io.Serializable;

/**
 * The shape of one image, or of one activation volume: channels, rows and columns, laid out in that order
 * (CHW) with the column varying fastest.
 *
 * @param channels number of channels, at least 1 (1 is grey, 3 is red, green, blue)
 * @param height rows, at least 1
 * @param width columns, at least 1
 */
public record ImageShape(int channels, int height, int width) implements Serializable {
    public ImageShape {
        if (channels < 1 || height < 1 || width < 1) {
            throw new IllegalArgumentException("Cannot describe an image: channels=" + channels + ", height=" + height
                    + ", width=" + width + "; each must be at least 1");
        }
        if ((long) channels * height * width > Integer.MAX_VALUE - 8) {
            throw new IllegalArgumentException("Cannot hold an image of " + channels + "x" + height + "x" + width
                    + " values; at most 2^31 - 9 fit in one array, so resize the images");
        }
    }

    /** The number of values in one image. */
    public int size() {
        return channels * height * width;
    }

    @Override
    public String toString() {
        return channels + "x" + height + "x" + width;
    }
}
