package dev.convoy.model.layer;

import dev.convoy.data.ImageShape;

/** The shape of one example between two layers. */
public sealed interface TensorShape {
    /** The number of values. */
    int size();

    /** A volume of channels, rows and columns (CHW). */
    record Volume(int channels, int height, int width) implements TensorShape {
        /** That of an image. */
        public static Volume of(ImageShape image) {
            return new Volume(image.channels(), image.height(), image.width());
        }

        @Override
        public int size() {
            return Math.toIntExact((long) channels * height * width);
        }

        @Override
        public String toString() {
            return channels + "x" + height + "x" + width;
        }
    }

    /** A plain vector. */
    record Flat(int size) implements TensorShape {
        @Override
        public String toString() {
            return Integer.toString(size);
        }
    }
}
