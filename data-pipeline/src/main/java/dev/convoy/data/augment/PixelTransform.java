package dev.convoy.data.augment;

import dev.convoy.data.ImageShape;
import java.util.Arrays;
import java.util.List;

/** A change of pixels where they are. */
public sealed interface PixelTransform extends ImageTransform {
    /**
     * Changes an image in place.
     *
     * @param pixels CHW
     */
    void apply(byte[] pixels, ImageShape shape, Draws draws);

    /**
     * Changes colours, in this order; each is 0 by default. On grey images saturation and hue do nothing.
     *
     * @param brightness 0 to 1: all channels times a factor
     * @param contrast 0 to 1: distances from the mean luma times a factor
     * @param saturation 0 to 1: distances from each pixel's luma times a factor
     * @param hue 0 to 0.5, in turns of the colour circle (in YIQ)
     */
    record ColourJitter(double brightness, double contrast, double saturation, double hue) implements PixelTransform {
        public ColourJitter {
            Ranges.check("brightness", brightness, 0, 1);
            Ranges.check("contrast", contrast, 0, 1);
            Ranges.check("saturation", saturation, 0, 1);
            Ranges.check("hue", hue, 0, 0.5);
        }

        public ColourJitter() {
            this(0, 0, 0, 0);
        }

        public ColourJitter withBrightness(double value) {
            return new ColourJitter(value, contrast, saturation, hue);
        }

        public ColourJitter withContrast(double value) {
            return new ColourJitter(brightness, value, saturation, hue);
        }

        public ColourJitter withSaturation(double value) {
            return new ColourJitter(brightness, contrast, value, hue);
        }

        public ColourJitter withHue(double value) {
            return new ColourJitter(brightness, contrast, saturation, value);
        }

        @Override
        public void apply(byte[] pixels, ImageShape shape, Draws draws) {
            ColourMap map = ColourMap.identity()
                    .brightness(draws.around(1, brightness))
                    .contrast(draws.around(1, contrast), ColourMap.means(pixels, shape))
                    .saturation(draws.around(1, saturation));
            byte[] changed = map.hue(draws.around(0, hue)).apply(pixels, shape);
            System.arraycopy(changed, 0, pixels, 0, pixels.length);
        }
    }

    /**
     * Covers a rectangle with the image's own mean colour (Zhong et al., "Random erasing data augmentation", 2017; with ratio [1,
     * 1] and probability 1 as DeVries and Taylor's cutout).
     *
     * @param probability default 0.5
     * @param area part of the image's area, default [0.02, 0.33]
     * @param ratio of width to height, default [0.3, 3.3]
     */
    record RandomErasing(double probability, List<Double> area, List<Double> ratio) implements PixelTransform {
        public RandomErasing {
            Ranges.check("probability", probability, 0, 1);
            area = Ranges.checked("area", area, 0, 1);
            ratio = Ranges.checked("ratio", ratio, 0.01, 100);
        }

        public RandomErasing() {
            this(0.5, List.of(0.02, 0.33), List.of(0.3, 3.3));
        }

        public RandomErasing withProbability(double value) {
            return new RandomErasing(value, area, ratio);
        }

        public RandomErasing withArea(double smallest, double largest) {
            return new RandomErasing(probability, List.of(smallest, largest), ratio);
        }

        public RandomErasing withRatio(double smallest, double largest) {
            return new RandomErasing(probability, area, List.of(smallest, largest));
        }

        @Override
        public void apply(byte[] pixels, ImageShape shape, Draws draws) {
            if (!draws.chance(probability)) {
                return;
            }
            double part = draws.between(area) * shape.height() * shape.width();
            double wide = draws.betweenFactors(ratio);
            int width = (int) Math.min(shape.width(), Math.round(Math.sqrt(part * wide)));
            int height = (int) Math.min(shape.height(), Math.round(Math.sqrt(part / wide)));
            int left = draws.integer(0, shape.width() - width);
            int top = draws.integer(0, shape.height() - height);
            double[] means = ColourMap.means(pixels, shape);
            for (int channel = 0; channel < shape.channels(); channel++) {
                for (int y = top; y < top + height; y++) {
                    int row = (channel * shape.height() + y) * shape.width();
                    Arrays.fill(pixels, row + left, row + left + width, (byte) Math.round(means[channel]));
                }
            }
        }
    }
}
