package dev.convoy.data.decode;

import static org.bytedeco.opencv.global.opencv_core.CV_8UC1;
import static org.bytedeco.opencv.global.opencv_core.CV_8UC3;
import static org.bytedeco.opencv.global.opencv_core.setNumThreads;
import static org.bytedeco.opencv.global.opencv_imgcodecs.IMREAD_ANYCOLOR;
import static org.bytedeco.opencv.global.opencv_imgcodecs.IMREAD_COLOR;
import static org.bytedeco.opencv.global.opencv_imgcodecs.IMREAD_GRAYSCALE;
import static org.bytedeco.opencv.global.opencv_imgcodecs.imencode;

import dev.convoy.data.BadImageException;
import dev.convoy.data.BadImageException.Kind;
import dev.convoy.data.ImageShape;
import dev.convoy.data.SourceImage;
import dev.convoy.data.natives.Natives;
import java.io.Serializable;
import java.nio.DoubleBuffer;
import java.util.function.IntBinaryOperator;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.opencv.global.opencv_core;
import org.bytedeco.opencv.opencv_core.Mat;
import org.bytedeco.opencv.opencv_core.MatVector;

/**
 * Turns images into unsigned bytes of one shape, in CHW order with channels red, green, blue. {@link ImageFile} decodes
 * JPEG, PNG, WebP, BMP, TIFF and the first picture of a GIF, in the orientation that EXIF gives; 16 bits become 8,
 * transparency is dropped. Resizing (area averaging to shrink, linear to enlarge) is OpenCV's. Of a JPEG that is more than four times as
 * high and wide as is needed, libjpeg decodes a half, a quarter or an eighth of the rows and columns, at least twice as many as needed:
 * pixels differ from those of the whole image by about a grey level.
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
        Natives.OPENCV.load();
        // One replica, one thread: OpenCV's own pool would fight the replicas for cores.
        setNumThreads(1);
    }

    /**
     * Finds the shape that an image has by itself; it has three channels if it has colour, else one.
     *
     * @throws BadImageException if it cannot be decoded
     */
    public static ImageShape shapeOf(SourceImage.Data data) throws BadImageException {
        if (data instanceof SourceImage.Data.Pixels pixels) {
            return pixels.shape();
        }
        try (PointerScope scope = new PointerScope()) {
            Mat image = any(data);
            return new ImageShape(image.channels(), image.rows(), image.cols());
        }
    }

    /**
     * Decodes an image to see whether that can be done.
     *
     * @throws BadImageException if it cannot
     */
    public static ImageInfo inspect(SourceImage.Data data) throws BadImageException {
        try (PointerScope scope = new PointerScope()) {
            Mat image = any(data);
            Mat mean = new Mat();
            Mat std = new Mat();
            opencv_core.meanStdDev(image, mean, std);
            ImageShape shape = new ImageShape(image.channels(), image.rows(), image.cols());
            boolean isFile = data instanceof SourceImage.Data.Encoded;
            byte[] file = isFile ? ((SourceImage.Data.Encoded) data).bytes() : new byte[0];
            return new ImageInfo(
                    shape,
                    isFile ? file.length : shape.size(),
                    isFile ? ImageFile.format(file) : "pixels",
                    reversed(mean),
                    reversed(std));
        }
    }

    private static double[] reversed(Mat values) {
        DoubleBuffer found = values.createBuffer();
        double[] reversed = new double[found.remaining()];
        for (int i = 0; i < reversed.length; i++) {
            reversed[i] = found.get(reversed.length - 1 - i) / 255;
        }
        return reversed;
    }

    /** Decodes any image to one channel or to three, in OpenCV's order. */
    private static Mat any(SourceImage.Data data) throws BadImageException {
        if (data instanceof SourceImage.Data.Encoded encoded) {
            return ImageFile.read(encoded.bytes(), IMREAD_ANYCOLOR);
        }
        if (data instanceof SourceImage.Data.Pixels pixels) {
            return interleaved(pixels.shape(), pixels.bytes());
        }
        throw new BadImageException(Kind.UNDECODABLE, ((SourceImage.Data.Unreadable) data).reason());
    }

    private static Mat interleaved(ImageShape shape, byte[] planes) {
        int plane = shape.height() * shape.width();
        byte[] pixels = new byte[planes.length];
        for (int i = 0; i < plane; i++) {
            for (int channel = 0; channel < shape.channels(); channel++) {
                pixels[i * shape.channels() + shape.channels() - 1 - channel] = planes[channel * plane + i];
            }
        }
        int type = shape.channels() == 1 ? CV_8UC1 : CV_8UC3;
        return new Mat(shape.height(), shape.width(), type, new BytePointer(pixels));
    }

    /** Gives an image's file, or makes a PNG of its pixels if it has none. */
    public static byte[] asFile(SourceImage.Data data) throws BadImageException {
        if (data instanceof SourceImage.Data.Encoded encoded) {
            return encoded.bytes();
        }
        try (PointerScope scope = new PointerScope()) {
            return encoded(any(data), ".png");
        }
    }

    /**
     * Decodes an image to this decoder's shape and makes an uncompressed file (BMP) of it.
     *
     * @throws BadImageException as {@link #decode(SourceImage.Data)}
     */
    public byte[] asBitmap(SourceImage.Data data) throws BadImageException {
        byte[] planes = decode(data);
        try (PointerScope scope = new PointerScope()) {
            return encoded(interleaved(shape, planes), ".bmp");
        }
    }

    private static byte[] encoded(Mat image, String format) {
        BytePointer file = new BytePointer();
        if (!imencode(format, image, file)) {
            throw new IllegalStateException("OpenCV cannot write " + format);
        }
        byte[] bytes = new byte[(int) file.limit()];
        file.get(bytes);
        return bytes;
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
        Fitting fitting = new Fitting(shape, sizes);
        try (PointerScope scope = new PointerScope()) {
            Mat image = data instanceof SourceImage.Data.Encoded encoded
                    ? decoded(encoded.bytes(), fitting::reduction)
                    : decoded((SourceImage.Data.Pixels) data);
            return planes(fitting.fit(image));
        }
    }

    /**
     * Decodes a part of an image file: it is cut out of the whole, upright image and resized once, to this decoder's shape whatever {@link
     * #sizes} says of images of other sizes, unless these are refused. It is interpolated linearly, or averaged where it is more than
     * twice as high or wide as the shape.
     *
     * @return as {@link #decode(SourceImage.Data)}
     * @throws BadImageException as {@link #decode(SourceImage.Data)}
     */
    public byte[] decode(SourceImage.Data.Encoded file, View view) throws BadImageException {
        Fitting fitting = new Fitting(shape, sizes);
        try (PointerScope scope = new PointerScope()) {
            Mat image = decoded(file.bytes(), (height, width) -> fitting.reduction(view, height, width));
            return planes(fitting.cut(image, view));
        }
    }

    private Mat decoded(byte[] bytes, IntBinaryOperator reduction) throws BadImageException {
        if (shape.channels() == 3) {
            return ImageFile.read(bytes, IMREAD_COLOR, reduction);
        }
        if (colours == Colours.TO_GREY) {
            return ImageFile.read(bytes, IMREAD_GRAYSCALE, reduction);
        }
        Mat image = ImageFile.read(bytes, IMREAD_ANYCOLOR);
        if (image.channels() != 1) {
            throw hasColour();
        }
        return image;
    }

    private Mat decoded(SourceImage.Data.Pixels pixels) throws BadImageException {
        Mat image = interleaved(pixels.shape(), pixels.bytes());
        if (image.channels() == 3 && shape.channels() == 1 && colours == Colours.REFUSE) {
            throw hasColour();
        }
        return ImageFile.wanted(image, shape.channels() == 1 ? IMREAD_GRAYSCALE : IMREAD_COLOR);
    }

    private static BadImageException hasColour() {
        return new BadImageException(Kind.COLOUR, "it has colour but the images are to have 1 channel");
    }

    private byte[] planes(Mat image) {
        Mat planes = image;
        if (image.type() == CV_8UC3) {
            int height = shape.height();
            planes = new Mat(3 * height, shape.width(), CV_8UC1);
            // OpenCV's order is blue, green, red.
            opencv_core.split(
                    image,
                    new MatVector(
                            planes.rowRange(2 * height, 3 * height),
                            planes.rowRange(height, 2 * height),
                            planes.rowRange(0, height)));
        }
        byte[] bytes = new byte[shape.size()];
        planes.data().get(bytes);
        return bytes;
    }
}
