package dev.convoy.data.decode;

import dev.convoy.data.ImageShape;
import java.io.Serializable;

/**
 * What an image is like by itself.
 *
 * @param shape its shape, with three channels if it has colour, else one
 * @param bytes size of its file, or of its pixels if it has no file
 * @param format of its file: jpeg, png, webp, gif, tiff or bmp; or pixels
 * @param mean mean of each channel, red first, in units where 255 is 1
 * @param std standard deviation of each channel, in the same units
 */
public record ImageInfo(ImageShape shape, long bytes, String format, double[] mean, double[] std)
        implements Serializable {}
