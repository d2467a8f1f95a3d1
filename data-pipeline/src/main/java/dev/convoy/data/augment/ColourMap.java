package dev.convoy.data.augment;

import static org.bytedeco.opencv.global.opencv_core.CV_32F;
import static org.bytedeco.opencv.global.opencv_core.CV_32FC1;
import static org.bytedeco.opencv.global.opencv_core.CV_8U;

import dev.convoy.data.ImageShape;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.opencv.global.opencv_core;
import org.bytedeco.opencv.opencv_core.Mat;

/**
 * An affine map of colours: red, green and blue to {@code matrix * colour + offset}. Maps are composed, and values are rounded and
 * cut to 0 to 255 only once, at the end.
 *
 * @param matrix 3x3, row-major
 * @param offset of each channel
 */
record ColourMap(double[] matrix, double[] offset) {
    /** Luma of ITU-R BT.601, which JPEG and torchvision use. */
    private static final double[] LUMA = {0.299, 0.587, 0.114};

    private static final double[] TO_YIQ = {0.299, 0.587, 0.114, 0.596, -0.274, -0.322, 0.211, -0.523, 0.312};
    private static final double[] FROM_YIQ = {1, 0.956, 0.621, 1, -0.272, -0.647, 1, -1.106, 1.703};

    static ColourMap identity() {
        return new ColourMap(new double[] {1, 0, 0, 0, 1, 0, 0, 0, 1}, new double[3]);
    }

    ColourMap brightness(double factor) {
        return then(new double[] {factor, 0, 0, 0, factor, 0, 0, 0, factor}, new double[3]);
    }

    /**
     * Away from or towards the mean luma.
     *
     * @param means of the image's channels, before this map
     */
    ColourMap contrast(double factor, double[] means) {
        double[] current = apply(means);
        double luma = LUMA[0] * current[0] + LUMA[1] * current[1] + LUMA[2] * current[2];
        double shift = (1 - factor) * luma;
        return brightness(factor).then(identity().matrix, new double[] {shift, shift, shift});
    }

    ColourMap saturation(double factor) {
        double[] blend = new double[9];
        for (int i = 0; i < 9; i++) {
            blend[i] = (1 - factor) * LUMA[i % 3] + (i % 4 == 0 ? factor : 0);
        }
        return then(blend, new double[3]);
    }

    /**
     * Turns hues in the plane of chroma, luma staying as it is.
     *
     * @param turns 1 being once round
     */
    ColourMap hue(double turns) {
        double cos = Math.cos(2 * Math.PI * turns);
        double sin = Math.sin(2 * Math.PI * turns);
        double[] rotation = {1, 0, 0, 0, cos, -sin, 0, sin, cos};
        return then(times(FROM_YIQ, times(rotation, TO_YIQ)), new double[3]);
    }

    private ColourMap then(double[] next, double[] shift) {
        ColourMap original = new ColourMap(next, shift);
        return new ColourMap(times(next, matrix), original.apply(offset));
    }

    private double[] apply(double[] colour) {
        double[] result = new double[3];
        for (int row = 0; row < 3; row++) {
            result[row] = channel(row, colour[0], colour[1], colour[2]);
        }
        return result;
    }

    private double channel(int row, double red, double green, double blue) {
        return offset[row] + matrix[3 * row] * red + matrix[3 * row + 1] * green + matrix[3 * row + 2] * blue;
    }

    private static double[] times(double[] left, double[] right) {
        double[] product = new double[9];
        for (int i = 0; i < 9; i++) {
            for (int k = 0; k < 3; k++) {
                product[i] += left[i / 3 * 3 + k] * right[3 * k + i % 3];
            }
        }
        return product;
    }

    /** The means of an image's channels, three of them; a grey image counts as three equal ones. */
    static double[] means(byte[] pixels, ImageShape shape) {
        int plane = shape.height() * shape.width();
        double[] means = new double[3];
        for (int channel = 0; channel < 3; channel++) {
            int start = channel % shape.channels() * plane;
            long sum = 0;
            for (int i = start; i < start + plane; i++) {
                sum += pixels[i] & 0xFF;
            }
            means[channel] = (double) sum / plane;
        }
        return means;
    }

    /**
     * Changes an image.
     *
     * @param pixels CHW, one channel or three; not changed
     */
    byte[] apply(byte[] pixels, ImageShape shape) {
        return Planes.changed(pixels, shape, this::transformed);
    }

    private Mat transformed(Mat image) {
        Mat map = image.channels() == 1
                ? new Mat(1, 2, CV_32FC1, new FloatPointer((float) (matrix[0] + matrix[1] + matrix[2]), (float)
                        offset[0]))
                : new Mat(3, 4, CV_32FC1, new FloatPointer(rows()));
        // In floats, since OpenCV's way for bytes rounds factors.
        Mat values = new Mat();
        image.convertTo(values, CV_32F);
        Mat mapped = new Mat();
        opencv_core.transform(values, mapped, map);
        Mat bytes = new Mat();
        mapped.convertTo(bytes, CV_8U);
        return bytes;
    }

    /** The matrix, and behind each of its rows the offset. */
    private float[] rows() {
        float[] rows = new float[12];
        for (int row = 0; row < 3; row++) {
            for (int column = 0; column < 3; column++) {
                rows[4 * row + column] = (float) matrix[3 * row + column];
            }
            rows[4 * row + 3] = (float) offset[row];
        }
        return rows;
    }
}
