package dev.convoy.data.decode;

import static dev.convoy.data.decode.ImageFile.bad;

import dev.convoy.data.BadImageException;
import java.awt.color.ColorSpace;
import java.awt.image.BufferedImage;
import java.awt.image.ColorModel;
import java.awt.image.ComponentColorModel;
import java.awt.image.DataBuffer;
import java.awt.image.IndexColorModel;
import java.awt.image.Raster;
import java.util.Arrays;

/**
 * Rows of pixels with 8 bits a sample, on the heap; what Java has decoded becomes such rows. Transparency is dropped;
 * samples of more than 8 bits keep the upper ones.
 *
 * @param channels 1 or 3
 * @param height in pixels
 * @param width in pixels
 * @param bytes interleaved in the order blue, green, red if there are three channels
 */
record Pixels(int channels, int height, int width, byte[] bytes) {
    private static final int OPAQUE = 0xFFFFFF;

    /** Makes black pixels. */
    Pixels(int channels, int height, int width) {
        this(channels, height, width, new byte[channels * height * width]);
    }

    /**
     * Sets one pixel.
     *
     * @param pixel its place, counted along the rows
     * @param rgb red, green and blue in the lower 24 bits; the blue of a grey one
     */
    void set(int pixel, int rgb) {
        if (channels == 1) {
            bytes[pixel] = (byte) rgb;
        } else {
            bytes[3 * pixel] = (byte) rgb;
            bytes[3 * pixel + 1] = (byte) (rgb >> 8);
            bytes[3 * pixel + 2] = (byte) (rgb >> 16);
        }
    }

    /**
     * Takes the pixels of an image that Java has decoded.
     *
     * @throws BadImageException if its samples are signed, floating point or of more than 16 bits
     */
    static Pixels of(BufferedImage image) throws BadImageException {
        ColorModel model = image.getColorModel();
        if (model instanceof IndexColorModel indexed) {
            return indexed(image, indexed);
        }
        if (!(model instanceof ComponentColorModel)) {
            return packed(image);
        }
        int type = model.getColorSpace().getType();
        int bits = model.getComponentSize(0);
        boolean unsigned = image.getRaster().getTransferType() == DataBuffer.TYPE_BYTE
                || image.getRaster().getTransferType() == DataBuffer.TYPE_USHORT;
        if (!unsigned || bits > 16) {
            throw bad("its samples have " + bits + " bits; at most 16, unsigned, can be read");
        }
        return switch (type) {
            case ColorSpace.TYPE_GRAY -> samples(image.getRaster(), 1, bits);
            case ColorSpace.TYPE_RGB -> samples(image.getRaster(), 3, bits);
            case ColorSpace.TYPE_CMYK -> inks(image.getRaster(), bits);
            default -> packed(image);
        };
    }

    /** Answers the colour of every index that a pixel can have; those beyond the table are black. */
    static int[] colours(IndexColorModel model) {
        int[] colours = new int[256];
        model.getRGBs(colours);
        return Arrays.stream(colours).map(colour -> colour & OPAQUE).toArray();
    }

    private static Pixels indexed(BufferedImage image, IndexColorModel model) {
        int[] colours = colours(model);
        boolean grey = Arrays.stream(colours)
                .allMatch(colour -> (colour & 0xFF) == (colour >> 8 & 0xFF) && (colour & 0xFF) == colour >> 16);
        Pixels pixels = new Pixels(grey ? 1 : 3, image.getHeight(), image.getWidth());
        int[] row = new int[image.getWidth()];
        for (int y = 0; y < image.getHeight(); y++) {
            image.getRaster().getPixels(0, y, row.length, 1, row);
            for (int x = 0; x < row.length; x++) {
                pixels.set(y * row.length + x, colours[row[x]]);
            }
        }
        return pixels;
    }

    /** Takes the pixels that Java makes of an image. */
    private static Pixels packed(BufferedImage image) {
        Pixels pixels = new Pixels(3, image.getHeight(), image.getWidth());
        for (int y = 0; y < pixels.height; y++) {
            for (int x = 0; x < pixels.width; x++) {
                pixels.set(y * pixels.width + x, image.getRGB(x, y));
            }
        }
        return pixels;
    }

    /** Takes the first bands as they are; Java would take grey for linear. */
    private static Pixels samples(Raster raster, int channels, int bits) {
        Pixels pixels = new Pixels(channels, raster.getHeight(), raster.getWidth());
        int bands = raster.getNumBands();
        int[] row = new int[pixels.width * bands];
        for (int y = 0; y < pixels.height; y++) {
            raster.getPixels(0, y, pixels.width, 1, row);
            for (int x = 0; x < pixels.width; x++) {
                for (int channel = 0; channel < channels; channel++) {
                    pixels.bytes[(y * pixels.width + x) * channels + channels - 1 - channel] =
                            (byte) eight(row[x * bands + channel], bits);
                }
            }
        }
        return pixels;
    }

    private static int eight(int sample, int bits) {
        return bits >= 8 ? sample >> (bits - 8) : sample * 255 / ((1 << bits) - 1);
    }

    /** Mixes cyan, magenta, yellow and black, each of which takes away from white. */
    private static Pixels inks(Raster raster, int bits) {
        Pixels pixels = new Pixels(3, raster.getHeight(), raster.getWidth());
        int[] inks = new int[raster.getNumBands()];
        for (int y = 0; y < pixels.height; y++) {
            for (int x = 0; x < pixels.width; x++) {
                raster.getPixel(x, y, inks);
                int rgb = 0;
                for (int channel = 0; channel < 3; channel++) {
                    rgb = rgb << 8 | (255 - eight(inks[channel], bits)) * (255 - eight(inks[3], bits)) / 255;
                }
                pixels.set(y * pixels.width + x, rgb);
            }
        }
        return pixels;
    }
}
