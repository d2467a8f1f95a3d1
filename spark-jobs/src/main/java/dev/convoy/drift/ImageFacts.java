package dev.convoy.drift;

import dev.convoy.data.ImageShape;
import dev.convoy.data.InvalidValueException;
import java.util.Objects;

/**
 * What an {@link ImageSetProfile} takes of one image.
 *
 * @param className of its class
 * @param width of its file, in pixels, at least 1
 * @param height of its file, in pixels, at least 1
 * @param format of its file, for example {@code jpeg}
 * @param brightness by channel, the mean over its pixels, from 0 to 255
 * @param contrast by channel, the standard deviation over its pixels, from 0 to 255
 */
public record ImageFacts(
        String className, int width, int height, String format, double[] brightness, double[] contrast) {
    public ImageFacts {
        Objects.requireNonNull(className);
        Objects.requireNonNull(format);
        if (width < 1 || height < 1) {
            throw new InvalidValueException("width", width + "x" + height, "both sides must be at least 1");
        }
        brightness = brightness.clone();
        contrast = contrast.clone();
        if (brightness.length == 0 || contrast.length != brightness.length) {
            throw new InvalidValueException(
                    "contrast", contrast.length + " channels", "it must have those of the brightness, at least one");
        }
        checkLevels("brightness", brightness);
        checkLevels("contrast", contrast);
    }

    private static void checkLevels(String property, double[] levels) {
        for (double level : levels) {
            if (!(level >= 0 && level <= ChannelSums.MAX_LEVEL)) {
                throw new InvalidValueException(property, level, "it must be from 0 to 255");
            }
        }
    }

    /**
     * Measures an image.
     *
     * @param shape of the decoded image
     * @param pixels unsigned bytes in the order of {@code shape}
     */
    public static ImageFacts of(
            String className, int width, int height, String format, ImageShape shape, byte[] pixels) {
        if (pixels.length != shape.size()) {
            throw new InvalidValueException("pixels", pixels.length + " bytes", "an image of " + shape + " has others");
        }
        double[] brightness = new double[shape.channels()];
        double[] contrast = new double[shape.channels()];
        int plane = shape.height() * shape.width();
        for (int channel = 0; channel < shape.channels(); channel++) {
            long sum = 0;
            long squares = 0;
            for (int i = channel * plane; i < (channel + 1) * plane; i++) {
                long level = pixels[i] & 0xFF;
                sum += level;
                squares += level * level;
            }
            brightness[channel] = (double) sum / plane;
            double variance = (double) squares / plane - brightness[channel] * brightness[channel];
            contrast[channel] = Math.sqrt(Math.max(0, variance));
        }
        return new ImageFacts(className, width, height, format, brightness, contrast);
    }
}
