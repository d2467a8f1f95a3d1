package dev.convoy.data.augment;

import dev.convoy.data.ImageShape;
import dev.convoy.data.InvalidValueException;
import java.io.Serializable;
import java.util.Arrays;
import java.util.List;

/**
 * A random change of training images. Ranges are symmetric: a value {@code v} draws from {@code -v} to {@code v}, a factor from {@code
 * 1 - v} to {@code 1 + v}. What is not set has its default.
 */
public sealed interface ImageTransform extends Serializable {
    /** A change that moves pixels about. */
    sealed interface Geometric extends ImageTransform {
        /** Draws where each pixel of the new image comes from. */
        Geometry draw(Draws draws, ImageShape shape);
    }

    /** A change of pixels where they are. */
    sealed interface Pixelwise extends ImageTransform {
        /**
         * Changes an image in place.
         *
         * @param pixels CHW
         */
        void apply(byte[] pixels, ImageShape shape, Draws draws);
    }

    /** A change that puts two images and their targets together. It comes after all others. */
    sealed interface Mixing extends ImageTransform {
        double alpha();

        double probability();

        /**
         * Changes an image in place.
         *
         * @param share of the image that should stay, drawn from Beta(alpha, alpha)
         * @return the share that did
         */
        double mix(byte[] pixels, byte[] partner, ImageShape shape, double share, Draws draws);
    }

    private static void check(String property, double value, double min, double max) {
        if (!(value >= min && value <= max)) {
            throw new InvalidValueException(property, value, "allowed are " + min + " to " + max);
        }
    }

    private static List<Double> checked(String property, List<Double> range, double min, double max) {
        boolean ordered = range.size() == 2 && range.get(0) <= range.get(1);
        if (!ordered || range.get(0) < min || range.get(1) > max) {
            throw new InvalidValueException(property, range, "give [smallest, largest] within " + min + " to " + max);
        }
        return List.copyOf(range);
    }

    /**
     * Pads with black and cuts the old size out somewhere, as for CIFAR.
     *
     * @param padding pixels on each side, at least 1
     */
    record RandomCrop(int padding) implements Geometric {
        public RandomCrop {
            check("padding", padding, 1, 1 << 14);
        }

        @Override
        public Geometry draw(Draws draws, ImageShape shape) {
            return Geometry.shift(draws.integer(-padding, padding), draws.integer(-padding, padding));
        }
    }

    /**
     * Cuts a random part out and enlarges it to the old size (Szegedy et al., "Going deeper with convolutions", 2014).
     *
     * @param area part of the image's area, from 0.0001 to 1, default [0.08, 1]
     * @param ratio of width to height, default [0.75, 1.3333]
     */
    record ResizedCrop(List<Double> area, List<Double> ratio) implements Geometric {
        public ResizedCrop {
            area = checked("area", area, 1e-4, 1);
            ratio = checked("ratio", ratio, 0.01, 100);
        }

        public ResizedCrop() {
            this(List.of(0.08, 1.0), List.of(0.75, 4.0 / 3));
        }

        public ResizedCrop withArea(double smallest, double largest) {
            return new ResizedCrop(List.of(smallest, largest), ratio);
        }

        public ResizedCrop withRatio(double smallest, double largest) {
            return new ResizedCrop(area, List.of(smallest, largest));
        }

        @Override
        public Geometry draw(Draws draws, ImageShape shape) {
            double part = draws.between(area) * shape.height() * shape.width();
            double wide = draws.betweenFactors(ratio);
            double width = Math.min(shape.width(), Math.sqrt(part * wide));
            double height = Math.min(shape.height(), Math.sqrt(part / wide));
            double x = draws.between(0, shape.width() - width);
            double y = draws.between(0, shape.height() - height);
            double scaleX = width / shape.width();
            double scaleY = height / shape.height();
            return new Geometry(scaleX, 0, x + 0.5 * scaleX - 0.5, 0, scaleY, y + 0.5 * scaleY - 0.5);
        }
    }

    /**
     * Mirrors.
     *
     * @param axis default horizontal, left becoming right
     * @param probability default 0.5
     */
    record Flip(Axis axis, double probability) implements Geometric {
        /** Which way. */
        public enum Axis {
            HORIZONTAL,
            VERTICAL
        }

        public Flip {
            check("probability", probability, 0, 1);
        }

        public Flip() {
            this(Axis.HORIZONTAL, 0.5);
        }

        public Flip withAxis(Axis value) {
            return new Flip(value, probability);
        }

        public Flip withProbability(double value) {
            return new Flip(axis, value);
        }

        @Override
        public Geometry draw(Draws draws, ImageShape shape) {
            if (!draws.chance(probability)) {
                return Geometry.IDENTITY;
            }
            return axis == Axis.VERTICAL
                    ? new Geometry(1, 0, 0, 0, -1, shape.height() - 1)
                    : new Geometry(-1, 0, shape.width() - 1, 0, 1, 0);
        }
    }

    /**
     * Turns, moves and scales about the centre; what comes in from outside is black.
     *
     * @param rotate degrees, default 0
     * @param translate part of width and height, default 0
     * @param scale factors, default [1, 1]
     * @param shear degrees, default 0
     */
    record Affine(double rotate, double translate, List<Double> scale, double shear) implements Geometric {
        public Affine {
            check("rotate", rotate, 0, 180);
            check("translate", translate, 0, 1);
            scale = checked("scale", scale, 0.01, 100);
            check("shear", shear, 0, 80);
        }

        public Affine() {
            this(0, 0, List.of(1.0, 1.0), 0);
        }

        public Affine withRotate(double value) {
            return new Affine(value, translate, scale, shear);
        }

        public Affine withTranslate(double value) {
            return new Affine(rotate, value, scale, shear);
        }

        public Affine withScale(double smallest, double largest) {
            return new Affine(rotate, translate, List.of(smallest, largest), shear);
        }

        public Affine withShear(double value) {
            return new Affine(rotate, translate, scale, value);
        }

        @Override
        public Geometry draw(Draws draws, ImageShape shape) {
            double angle = Math.toRadians(draws.around(0, rotate));
            double slant = Math.tan(Math.toRadians(draws.around(0, shear)));
            double factor = draws.betweenFactors(scale);
            double moveX = draws.around(0, translate) * shape.width();
            double moveY = draws.around(0, translate) * shape.height();
            double centreX = (shape.width() - 1) / 2.0;
            double centreY = (shape.height() - 1) / 2.0;
            double cos = Math.cos(angle) / factor;
            double sin = Math.sin(angle) / factor;
            Geometry turn = new Geometry(cos, cos * slant + sin, 0, -sin, cos - sin * slant, 0);
            return Geometry.shift(centreX, centreY).then(turn).then(Geometry.shift(-centreX - moveX, -centreY - moveY));
        }
    }

    /**
     * Changes colours, in this order; each is 0 by default. On grey images saturation and hue do nothing.
     *
     * @param brightness 0 to 1: all channels times a factor
     * @param contrast 0 to 1: distances from the mean luma times a factor
     * @param saturation 0 to 1: distances from each pixel's luma times a factor
     * @param hue 0 to 0.5, in turns of the colour circle (in YIQ)
     */
    record ColourJitter(double brightness, double contrast, double saturation, double hue) implements Pixelwise {
        public ColourJitter {
            check("brightness", brightness, 0, 1);
            check("contrast", contrast, 0, 1);
            check("saturation", saturation, 0, 1);
            check("hue", hue, 0, 0.5);
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
            map.hue(draws.around(0, hue)).apply(pixels, shape);
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
    record RandomErasing(double probability, List<Double> area, List<Double> ratio) implements Pixelwise {
        public RandomErasing {
            check("probability", probability, 0, 1);
            area = checked("area", area, 0, 1);
            ratio = checked("ratio", ratio, 0.01, 100);
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

    /**
     * Blends two images and their targets (Zhang et al., "mixup: Beyond empirical risk minimization", 2017), a share for each image.
     *
     * @param alpha default 0.2
     * @param probability default 1
     */
    record MixUp(double alpha, double probability) implements Mixing {
        public MixUp {
            check("alpha", alpha, 0.01, 2);
            check("probability", probability, 0, 1);
        }

        public MixUp() {
            this(0.2, 1);
        }

        public MixUp withAlpha(double value) {
            return new MixUp(value, probability);
        }

        public MixUp withProbability(double value) {
            return new MixUp(alpha, value);
        }

        @Override
        public double mix(byte[] pixels, byte[] partner, ImageShape shape, double share, Draws draws) {
            for (int i = 0; i < pixels.length; i++) {
                pixels[i] = (byte) (share * (pixels[i] & 0xFF) + (1 - share) * (partner[i] & 0xFF) + 0.5);
            }
            return share;
        }
    }

    /**
     * Replaces a rectangle by the same part of another image, targets by area (Yun et al., "CutMix", 2019).
     *
     * @param alpha default 1
     * @param probability default 1
     */
    record CutMix(double alpha, double probability) implements Mixing {
        public CutMix {
            check("alpha", alpha, 0.01, 2);
            check("probability", probability, 0, 1);
        }

        public CutMix() {
            this(1, 1);
        }

        public CutMix withAlpha(double value) {
            return new CutMix(value, probability);
        }

        public CutMix withProbability(double value) {
            return new CutMix(alpha, value);
        }

        @Override
        public double mix(byte[] pixels, byte[] partner, ImageShape shape, double share, Draws draws) {
            double side = Math.sqrt(1 - share);
            int centreX = draws.integer(0, shape.width() - 1);
            int centreY = draws.integer(0, shape.height() - 1);
            int halfWidth = (int) (side * shape.width()) / 2;
            int halfHeight = (int) (side * shape.height()) / 2;
            int left = Math.max(0, centreX - halfWidth);
            int right = Math.min(shape.width(), centreX + halfWidth);
            int top = Math.max(0, centreY - halfHeight);
            int bottom = Math.min(shape.height(), centreY + halfHeight);
            for (int channel = 0; channel < shape.channels(); channel++) {
                for (int y = top; y < bottom; y++) {
                    int at = (channel * shape.height() + y) * shape.width() + left;
                    System.arraycopy(partner, at, pixels, at, right - left);
                }
            }
            return 1 - (double) (right - left) * (bottom - top) / (shape.height() * shape.width());
        }
    }
}
