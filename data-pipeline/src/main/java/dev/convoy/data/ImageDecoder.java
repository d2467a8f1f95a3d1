package dev.convoy.data;

import static org.bytedeco.opencv.global.opencv_core.CV_8UC1;
import static org.bytedeco.opencv.global.opencv_core.CV_8UC3;
import static org.bytedeco.opencv.global.opencv_core.setNumThreads;
import static org.bytedeco.opencv.global.opencv_imgcodecs.IMREAD_ANYCOLOR;
import static org.bytedeco.opencv.global.opencv_imgcodecs.IMREAD_COLOR;
import static org.bytedeco.opencv.global.opencv_imgcodecs.IMREAD_GRAYSCALE;
import static org.bytedeco.opencv.global.opencv_imgcodecs.imdecode;
import static org.bytedeco.opencv.global.opencv_imgproc.INTER_AREA;
import static org.bytedeco.opencv.global.opencv_imgproc.INTER_LINEAR;

import dev.convoy.data.BadImageException.Kind;
import java.io.Serializable;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.opencv.global.opencv_imgproc;
import org.bytedeco.opencv.opencv_core.Mat;
import org.bytedeco.opencv.opencv_core.Rect;
import org.bytedeco.opencv.opencv_core.Scalar;
import org.bytedeco.opencv.opencv_core.Size;

/**
 * Turns images into unsigned bytes of one shape, in CHW order with channels red, green, blue. Decoding (JPEG, PNG, WebP, BMP, TIFF and
 * the first picture of a GIF, in the orientation that EXIF gives; 16 bits become 8, transparency is dropped) and resizing (area averaging
 * to shrink, linear to enlarge) are OpenCV's.
 *
 * @param shape what every image becomes
 * @param sizes what to do with an image of another height or width
 * @param colours what to do with a colour image where the shape has one channel
 */
public record ImageDecoder(ImageShape shape, Sizes sizes, Colours colours) implements Serializable {
    /** What to do with an image of another height or width. */
    public enum Sizes {
        /** Reject it. */
        REFUSE,
        /** Resize it; the aspect ratio is not kept. */
        STRETCH,
        /** Resize it until it just covers the shape, and take the middle. */
        CROP,
        /** Resize it until it just fits in, and leave what it does not cover black. */
        LETTERBOX
    }

    /** What to do with a colour image where one channel is wanted. Grey images widen to three channels unasked. */
    public enum Colours {
        /** Reject it, since that would lose what sets classes apart. */
        REFUSE,
        /** Make it grey. */
        TO_GREY
    }

    static {
        // One replica, one thread: OpenCV's own pool would fight the replicas for cores.
        setNumThreads(1);
    }

    /**
     * The shape that an image has by itself; three channels if it has colour, else one.
     *
     * @throws BadImageException if it cannot be decoded
     */
    public static ImageShape shapeOf(SourceImage.Data data) throws BadImageException {
        if (data instanceof SourceImage.Data.Pixels pixels) {
            return pixels.shape();
        }
        if (data instanceof SourceImage.Data.Unreadable unreadable) {
            throw new BadImageException(Kind.UNDECODABLE, unreadable.reason());
        }
        try (PointerScope scope = new PointerScope()) {
            Mat image = decode(((SourceImage.Data.Encoded) data).bytes(), IMREAD_ANYCOLOR);
            return new ImageShape(image.channels(), image.rows(), image.cols());
        }
    }

    /**
     * Decodes one image.
     *
     * @return {@code shape.size()} unsigned bytes in CHW order
     * @throws BadImageException if the image cannot be decoded or does not fit the shape
     */
    public byte[] decode(SourceImage.Data data) throws BadImageException {
        if (data instanceof SourceImage.Data.Pixels pixels && pixels.shape().equals(shape)) {
            return pixels.bytes();
        }
        if (data instanceof SourceImage.Data.Unreadable unreadable) {
            throw new BadImageException(Kind.UNDECODABLE, unreadable.reason());
        }
        try (PointerScope scope = new PointerScope()) {
            Mat image = data instanceof SourceImage.Data.Encoded encoded
                    ? decodeEncoded(encoded.bytes())
                    : greyMat((SourceImage.Data.Pixels) data);
            return planes(fit(image));
        }
    }

    private Mat decodeEncoded(byte[] bytes) throws BadImageException {
        if (shape.channels() == 3) {
            return decode(bytes, IMREAD_COLOR);
        }
        if (colours == Colours.TO_GREY) {
            return decode(bytes, IMREAD_GRAYSCALE);
        }
        Mat image = decode(bytes, IMREAD_ANYCOLOR);
        if (image.channels() != 1) {
            throw new BadImageException(
                    Kind.MISFIT,
                    "it has colour but the images are to have 1 channel; set data.channels to 3, or"
                            + " to 1 to make every image grey");
        }
        return image;
    }

    private Mat greyMat(SourceImage.Data.Pixels pixels) throws BadImageException {
        ImageShape own = pixels.shape();
        if (own.channels() != 1) {
            throw new BadImageException(Kind.MISFIT, "it is " + own + " but " + shape + " is wanted");
        }
        Mat grey = new Mat(own.height(), own.width(), CV_8UC1, new BytePointer(pixels.bytes()));
        if (shape.channels() == 1) {
            return grey;
        }
        Mat colour = new Mat();
        opencv_imgproc.cvtColor(grey, colour, opencv_imgproc.COLOR_GRAY2BGR);
        return colour;
    }

    private static Mat decode(byte[] bytes, int flags) throws BadImageException {
        ImageHeader.check(bytes);
        try {
            Mat image = imdecode(new Mat(1, bytes.length, CV_8UC1, new BytePointer(bytes)), flags);
            if (image.empty()) {
                throw new BadImageException(Kind.UNDECODABLE, "it is damaged");
            }
            return image;
        } catch (RuntimeException e) {
            // JavaCPP's translation of cv::Exception
            throw new BadImageException(
                    Kind.UNDECODABLE,
                    "it cannot be decoded: "
                            + e.getMessage().lines().findFirst().orElse(""));
        }
    }

    private Mat fit(Mat image) throws BadImageException {
        if (image.rows() == shape.height() && image.cols() == shape.width()) {
            return image;
        }
        if (sizes == Sizes.REFUSE) {
            throw new BadImageException(
                    Kind.MISFIT,
                    "it is " + image.rows() + "x" + image.cols() + " (height x width) but the images" + " are "
                            + shape.height() + "x" + shape.width() + "; set data.resize = [height, width]");
        }
        double down = (double) shape.height() / image.rows();
        double across = (double) shape.width() / image.cols();
        return switch (sizes) {
            case REFUSE -> throw new IllegalStateException();
            case STRETCH -> resize(image, shape.height(), shape.width());
            case CROP -> {
                Mat covering = resize(image, Math.max(down, across));
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

    private static Mat resize(Mat image, double factor) {
        return resize(image, (int) Math.max(1, Math.round(image.rows() * factor)), (int)
                Math.max(1, Math.round(image.cols() * factor)));
    }

    private static Mat resize(Mat image, int height, int width) {
        boolean shrinks = image.rows() >= height && image.cols() >= width;
        Mat resized = new Mat();
        opencv_imgproc.resize(image, resized, new Size(width, height), 0, 0, shrinks ? INTER_AREA : INTER_LINEAR);
        return resized;
    }

    private byte[] planes(Mat image) {
        byte[] interleaved = new byte[shape.size()];
        new BytePointer(image.data()).get(interleaved);
        if (image.type() != CV_8UC3) {
            return interleaved;
        }
        int plane = shape.height() * shape.width();
        byte[] planes = new byte[interleaved.length];
        for (int i = 0; i < plane; i++) {
            // OpenCV's order is blue, green, red.
            planes[i] = interleaved[3 * i + 2];
            planes[plane + i] = interleaved[3 * i + 1];
            planes[2 * plane + i] = interleaved[3 * i];
        }
        return planes;
    }
}
