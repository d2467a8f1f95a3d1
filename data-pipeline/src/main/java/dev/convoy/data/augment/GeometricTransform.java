package dev.convoy.data.augment;

import dev.convoy.data.ImageShape;
import dev.convoy.data.decode.View;
import java.util.List;
import java.util.function.Supplier;

/** A change that moves pixels about. */
public sealed interface GeometricTransform extends ImageTransform {
    /** Draws where each pixel of the new image comes from. */
    Geometry draw(Draws draws, ImageShape shape);

    /**
     * Pads with black and cuts the old size out somewhere, as for CIFAR.
     *
     * @param padding pixels on each side, at least 1
     */
    record RandomCrop(int padding) implements GeometricTransform {
        public RandomCrop {
            Ranges.check("padding", padding, 1, 1 << 14);
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
     * @param from which image it is cut, default {@link From#RESIZED}
     */
    record ResizedCrop(List<Double> area, List<Double> ratio, From from) implements GeometricTransform {
        /** Which image a part is cut out of. */
        public enum From {
            /** The one that others see whole: small, so that small parts are blurred. */
            RESIZED,
            /**
             * The file's, while it is decoded, and resized once, as is usual for photographs; the shape that others are brought to does
             * not matter. Files have to be kept.
             */
            ORIGINAL
        }

        public ResizedCrop {
            area = Ranges.checked("area", area, 1e-4, 1);
            ratio = Ranges.checked("ratio", ratio, 0.01, 100);
        }

        public ResizedCrop() {
            this(List.of(0.08, 1.0), List.of(0.75, 4.0 / 3), From.RESIZED);
        }

        public ResizedCrop withArea(double smallest, double largest) {
            return new ResizedCrop(List.of(smallest, largest), ratio, from);
        }

        public ResizedCrop withRatio(double smallest, double largest) {
            return new ResizedCrop(area, List.of(smallest, largest), from);
        }

        public ResizedCrop withFrom(From value) {
            return new ResizedCrop(area, ratio, value);
        }

        @Override
        public Geometry draw(Draws draws, ImageShape shape) {
            View.Part part = part(draws, shape.height(), shape.width());
            double scaleX = part.width() / shape.width();
            double scaleY = part.height() / shape.height();
            return new Geometry(scaleX, 0, part.x() + 0.5 * scaleX - 0.5, 0, scaleY, part.y() + 0.5 * scaleY - 0.5);
        }

        /**
         * Draws the part that is cut out of an image of some size.
         *
         * @param draws the same ones each time, from the beginning
         */
        View view(Supplier<Draws> draws) {
            return (height, width) -> part(draws.get(), height, width);
        }

        private View.Part part(Draws draws, int imageHeight, int imageWidth) {
            double pixels = draws.between(area) * imageHeight * imageWidth;
            double wide = draws.betweenFactors(ratio);
            double width = Math.min(imageWidth, Math.sqrt(pixels * wide));
            double height = Math.min(imageHeight, Math.sqrt(pixels / wide));
            double x = draws.between(0, imageWidth - width);
            double y = draws.between(0, imageHeight - height);
            return new View.Part(x, y, width, height);
        }
    }

    /**
     * Mirrors.
     *
     * @param axis default horizontal, left becoming right
     * @param probability default 0.5
     */
    record Flip(Axis axis, double probability) implements GeometricTransform {
        /** Which way. */
        public enum Axis {
            HORIZONTAL,
            VERTICAL
        }

        public Flip {
            Ranges.check("probability", probability, 0, 1);
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
    record Affine(double rotate, double translate, List<Double> scale, double shear) implements GeometricTransform {
        public Affine {
            Ranges.check("rotate", rotate, 0, 180);
            Ranges.check("translate", translate, 0, 1);
            scale = Ranges.checked("scale", scale, 0.01, 100);
            Ranges.check("shear", shear, 0, 80);
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
}
