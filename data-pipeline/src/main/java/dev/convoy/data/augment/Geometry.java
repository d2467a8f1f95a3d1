package dev.convoy.data.augment;

import dev.convoy.data.ImageShape;
import org.bytedeco.javacpp.DoublePointer;
import org.bytedeco.opencv.global.opencv_core;
import org.bytedeco.opencv.global.opencv_imgproc;
import org.bytedeco.opencv.opencv_core.Mat;
import org.bytedeco.opencv.opencv_core.Scalar;

/**
 * An affine map that tells for every pixel of the new image which point of the old one it shows: {@code (xx * x + xy * y + x0, yx * x
 * + yy * y + y0)}, pixel centres being whole numbers. Maps are composed before pixels are looked at, so that several moves blur no
 * more than one.
 */
record Geometry(double xx, double xy, double x0, double yx, double yy, double y0) {
    static final Geometry IDENTITY = new Geometry(1, 0, 0, 0, 1, 0);

    static Geometry shift(double x, double y) {
        return new Geometry(1, 0, x, 0, 1, y);
    }

    /** This move first, then the other. */
    Geometry then(Geometry next) {
        return new Geometry(
                xx * next.xx + xy * next.yx,
                xx * next.xy + xy * next.yy,
                xx * next.x0 + xy * next.y0 + x0,
                yx * next.xx + yy * next.yx,
                yx * next.xy + yy * next.yy,
                yx * next.x0 + yy * next.y0 + y0);
    }

    /**
     * Moves an image; what lies outside the old one is black. Between pixels it is interpolated bilinearly.
     *
     * @param pixels CHW; not changed
     */
    byte[] apply(byte[] pixels, ImageShape shape) {
        boolean exact = isWhole(xx) && isWhole(xy) && isWhole(x0) && isWhole(yx) && isWhole(yy) && isWhole(y0);
        return exact ? picked(pixels, shape) : Planes.changed(pixels, shape, this::interpolated);
    }

    private static boolean isWhole(double value) {
        return value == Math.rint(value);
    }

    private byte[] picked(byte[] pixels, ImageShape shape) {
        byte[] moved = new byte[pixels.length];
        int width = shape.width();
        int height = shape.height();
        int stepX = (int) xx;
        int stepY = (int) yx;
        for (int y = 0; y < height; y++) {
            int fromX = (int) (xy * y + x0);
            int fromY = (int) (yy * y + y0);
            for (int x = 0; x < width; x++, fromX += stepX, fromY += stepY) {
                if (fromX >= 0 && fromX < width && fromY >= 0 && fromY < height) {
                    int from = fromY * width + fromX;
                    int to = y * width + x;
                    for (int plane = 0; plane < pixels.length; plane += height * width) {
                        moved[plane + to] = pixels[plane + from];
                    }
                }
            }
        }
        return moved;
    }

    private Mat interpolated(Mat image) {
        Mat map = new Mat(2, 3, opencv_core.CV_64FC1, new DoublePointer(xx, xy, x0, yx, yy, y0));
        Mat moved = new Mat();
        opencv_imgproc.warpAffine(
                image,
                moved,
                map,
                image.size(),
                opencv_imgproc.INTER_LINEAR | opencv_imgproc.WARP_INVERSE_MAP,
                opencv_core.BORDER_CONSTANT,
                Scalar.all(0));
        return moved;
    }
}
