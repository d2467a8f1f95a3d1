package dev.convoy.data.augment;

import dev.convoy.data.ImageShape;

/** A change that puts two images and their targets together. It comes after all others. */
public sealed interface MixingTransform extends ImageTransform {
    double alpha();

    double probability();

    /**
     * Changes an image in place.
     *
     * @param share of the image that should stay, drawn from Beta(alpha, alpha)
     * @return the share that did
     */
    double mix(byte[] pixels, byte[] partner, ImageShape shape, double share, Draws draws);

    /**
     * Blends two images and their targets (Zhang et al., "mixup: Beyond empirical risk minimization", 2017), a share for each image.
     *
     * @param alpha default 0.2
     * @param probability default 1
     */
    record MixUp(double alpha, double probability) implements MixingTransform {
        public MixUp {
            Ranges.check("alpha", alpha, 0.01, 2);
            Ranges.check("probability", probability, 0, 1);
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
    record CutMix(double alpha, double probability) implements MixingTransform {
        public CutMix {
            Ranges.check("alpha", alpha, 0.01, 2);
            Ranges.check("probability", probability, 0, 1);
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
