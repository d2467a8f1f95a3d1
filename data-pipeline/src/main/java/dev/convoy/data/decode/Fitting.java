package dev.convoy.data.decode;

import static org.bytedeco.opencv.global.opencv_imgproc.INTER_AREA;
import static org.bytedeco.opencv.global.opencv_imgproc.INTER_LINEAR;

import dev.convoy.data.BadImageException;
import dev.convoy.data.BadImageException.Kind;
import dev.convoy.data.ImageShape;
import dev.convoy.data.decode.ImageDecoder.Sizes;
import java.util.function.ToDoubleBiFunction;
import org.bytedeco.opencv.global.opencv_imgproc;
import org.bytedeco.opencv.opencv_core.Mat;
import org.bytedeco.opencv.opencv_core.Rect;
import org.bytedeco.opencv.opencv_core.Scalar;
import org.bytedeco.opencv.opencv_core.Size;

/**
 * Brings images to a height and a width, in the caller's {@link org.bytedeco.javacpp.PointerScope}.
 *
 * @param shape whose channels do not matter
 * @param sizes what to do with an image of another height or width
 */
record Fitting(ImageShape shape, Sizes sizes) {
    /** How many pixels, in each direction, a decoder leaves for one of the result. */
    private static final int SPARE = 2;

    /** How many times smaller, in each direction, linear interpolation makes an image without leaving pixels out. */
    private static final int LINEAR = 2;

    /** The number of pixels up to which an image is resized whole before it is cropped. */
    private static final long LARGE_COVER = 1L << 24;

    /**
     * How many times smaller a decoder may make an image that is resized afterwards, so that at least {@link #SPARE} times as many rows and
     * columns as are needed are left, whether it is turned or not.
     */
    int reduction(int height, int width) {
        return reduction(height, width, (rows, columns) -> {
            double down = (double) rows / shape.height();
            double across = (double) columns / shape.width();
            return sizes == Sizes.LETTERBOX ? Math.max(down, across) : Math.min(down, across);
        });
    }

    /** The same for an image of which a part is cut out. */
    int reduction(View view, int height, int width) {
        return reduction(height, width, (rows, columns) -> {
            View.Part part = view.of(rows, columns);
            return Math.min(part.height() / shape.height(), part.width() / shape.width());
        });
    }

    /**
     * Finds the reduction.
     *
     * @param perPixel how many pixels of an image, by its height and width, come to one of the result
     */
    private int reduction(int height, int width, ToDoubleBiFunction<Integer, Integer> perPixel) {
        int factor = sizes == Sizes.REFUSE ? 1 : 8;
        while (factor > 1
                && (perPixel.applyAsDouble(height / factor, width / factor) < SPARE
                        || perPixel.applyAsDouble(width / factor, height / factor) < SPARE)) {
            factor /= 2;
        }
        return factor;
    }

    /** Makes the whole image fit. */
    Mat fit(Mat image) throws BadImageException {
        checkSize(image);
        if (hasSize(image)) {
            return image;
        }
        double down = (double) shape.height() / image.rows();
        double across = (double) shape.width() / image.cols();
        return switch (sizes) {
            case REFUSE -> throw new IllegalStateException();
            case STRETCH -> resize(image, shape.height(), shape.width());
            case CROP -> {
                Mat covering = resize(neededToCover(image), Math.max(down, across));
                int top = (covering.rows() - shape.height()) / 2;
                int left = (covering.cols() - shape.width()) / 2;
                // A copy, since pixels are taken to lie in one piece.
                yield new Mat(covering, new Rect(left, top, shape.width(), shape.height())).clone();
            }
            case LETTERBOX -> {
                Mat fitting = resize(image, Math.min(down, across));
                int top = (shape.height() - fitting.rows()) / 2;
                int left = (shape.width() - fitting.cols()) / 2;
                Mat framed = new Mat(shape.height(), shape.width(), image.type(), Scalar.all(0));
                fitting.copyTo(new Mat(framed, new Rect(left, top, fitting.cols(), fitting.rows())));
                yield framed;
            }
        };
    }

    /** Makes a part of the image fit, to the nearest pixels of this. */
    Mat cut(Mat image, View view) throws BadImageException {
        checkSize(image);
        View.Part part = view.of(image.rows(), image.cols());
        int left = (int) Math.min(image.cols() - 1, Math.round(part.x()));
        int top = (int) Math.min(image.rows() - 1, Math.round(part.y()));
        int width = (int) Math.max(1, Math.min(image.cols() - left, Math.round(part.width())));
        int height = (int) Math.max(1, Math.min(image.rows() - top, Math.round(part.height())));
        Mat piece = new Mat(image, new Rect(left, top, width, height));
        boolean isLarge = height > LINEAR * shape.height() || width > LINEAR * shape.width();
        return isLarge
                ? resize(piece, shape.height(), shape.width())
                : resize(piece, shape.height(), shape.width(), INTER_LINEAR);
    }

    private void checkSize(Mat image) throws BadImageException {
        if (sizes == Sizes.REFUSE && !hasSize(image)) {
            throw new BadImageException(
                    Kind.OTHER_SIZE,
                    "it is " + image.rows() + "x" + image.cols() + " (height x width) but the images are "
                            + shape.height() + "x" + shape.width());
        }
    }

    private boolean hasSize(Mat image) {
        return image.rows() == shape.height() && image.cols() == shape.width();
    }

    /**
     * Cuts an image that is much longer than the shape to its middle; the rest would be enlarged only to be cut off.
     */
    private Mat neededToCover(Mat image) {
        double factor = Math.max((double) shape.height() / image.rows(), (double) shape.width() / image.cols());
        if (factor * factor * image.rows() * image.cols() <= Math.max(LARGE_COVER, 2L * image.rows() * image.cols())) {
            return image;
        }
        int rows = Math.min(image.rows(), (int) Math.ceil(shape.height() / factor) + 2);
        int columns = Math.min(image.cols(), (int) Math.ceil(shape.width() / factor) + 2);
        return new Mat(image, new Rect((image.cols() - columns) / 2, (image.rows() - rows) / 2, columns, rows));
    }

    private static Mat resize(Mat image, double factor) {
        return resize(image, (int) Math.max(1, Math.round(image.rows() * factor)), (int)
                Math.max(1, Math.round(image.cols() * factor)));
    }

    /** Averages along what shrinks and interpolates along what grows. */
    private static Mat resize(Mat image, int height, int width) {
        Mat smaller = image.rows() > height || image.cols() > width
                ? resize(image, Math.min(height, image.rows()), Math.min(width, image.cols()), INTER_AREA)
                : image;
        return smaller.rows() < height || smaller.cols() < width
                ? resize(smaller, height, width, INTER_LINEAR)
                : smaller;
    }

    private static Mat resize(Mat image, int height, int width, int interpolation) {
        Mat resized = new Mat();
        opencv_imgproc.resize(image, resized, new Size(width, height), 0, 0, interpolation);
        return resized;
    }
}
