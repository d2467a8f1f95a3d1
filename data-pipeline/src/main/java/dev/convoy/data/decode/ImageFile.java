package dev.convoy.data.decode;

import static org.bytedeco.opencv.global.opencv_core.CV_8UC1;
import static org.bytedeco.opencv.global.opencv_imgcodecs.IMREAD_ANYCOLOR;
import static org.bytedeco.opencv.global.opencv_imgcodecs.IMREAD_COLOR;
import static org.bytedeco.opencv.global.opencv_imgcodecs.IMREAD_GRAYSCALE;
import static org.bytedeco.opencv.global.opencv_imgcodecs.IMREAD_REDUCED_COLOR_2;
import static org.bytedeco.opencv.global.opencv_imgcodecs.IMREAD_REDUCED_COLOR_4;
import static org.bytedeco.opencv.global.opencv_imgcodecs.IMREAD_REDUCED_COLOR_8;
import static org.bytedeco.opencv.global.opencv_imgcodecs.IMREAD_REDUCED_GRAYSCALE_2;
import static org.bytedeco.opencv.global.opencv_imgcodecs.IMREAD_REDUCED_GRAYSCALE_4;
import static org.bytedeco.opencv.global.opencv_imgcodecs.IMREAD_REDUCED_GRAYSCALE_8;
import static org.bytedeco.opencv.global.opencv_imgcodecs.imdecode;

import dev.convoy.data.BadImageException;
import dev.convoy.data.BadImageException.Kind;
import dev.convoy.data.Printable;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.function.IntBinaryOperator;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.opencv.global.opencv_imgproc;
import org.bytedeco.opencv.opencv_core.Mat;

/**
 * Decodes image files. JPEG, PNG, WebP and plain BMP are OpenCV's, after a look at their structure, since it fills in
 * what is missing from damaged ones. GIF, TIFF and other BMP are Java's, which finds their faults itself and cannot be
 * made to overrun its memory.
 */
final class ImageFile {
    /** The most pixels that an image may have: with three channels 400 MB while it is decoded. */
    static final long MAX_PIXELS = 1L << 27;

    private static final int PNG = 0x89504E47;
    private static final int RIFF = 0x52494646;
    private static final int GIF8 = 0x47494638;
    private static final int JPEG = 0xFFD8FF;
    private static final int BMP = 0x424D;

    private ImageFile() {}

    /**
     * Decodes a file in the caller's {@link org.bytedeco.javacpp.PointerScope}, which frees the result.
     *
     * @param flags OpenCV's: grey, colour, or whichever it is
     * @return one channel or three (blue, green, red), upright
     * @throws BadImageException with the reason, if it is none, damaged, cut short, too large or of a kind that cannot
     *     be read
     */
    static Mat read(byte[] file, int flags) throws BadImageException {
        return read(file, flags, (height, width) -> 1);
    }

    /**
     * As {@link #read(byte[], int)}, but may give a smaller image, of which decoders do not compute more pixels.
     *
     * @param flags {@code IMREAD_COLOR} or {@code IMREAD_GRAYSCALE}
     * @param reduction by height and width before the image is turned upright, how many times smaller it may be: 1, 2, 4 or 8
     */
    static Mat read(byte[] file, int flags, IntBinaryOperator reduction) throws BadImageException {
        if (file.length == 0) {
            throw bad("the file is empty");
        }
        try {
            return decode(file, flags, reduction);
        } catch (BufferUnderflowException | IndexOutOfBoundsException e) {
            throw bad("it is cut short");
        }
    }

    static BadImageException bad(String reason) {
        return new BadImageException(Kind.UNDECODABLE, reason);
    }

    /** What a file that can be read is called in tables. */
    static String format(byte[] file) {
        int start = start(file);
        return switch (start) {
            case PNG -> "png";
            case RIFF -> "webp";
            case GIF8 -> "gif";
            default -> start >>> 8 == JPEG ? "jpeg" : start >>> 16 == BMP ? "bmp" : "tiff";
        };
    }

    private static int start(byte[] file) {
        return file.length < 4 ? 0 : ByteBuffer.wrap(file).getInt();
    }

    private static Mat decode(byte[] file, int flags, IntBinaryOperator reduction) throws BadImageException {
        int start = start(file);
        switch (start) {
            case PNG:
                int asGrey = flags == IMREAD_ANYCOLOR && PngFile.isGreyWithAlpha(file) ? IMREAD_GRAYSCALE : flags;
                return png(PngFile.still(file), asGrey);
            case RIFF:
                return byOpenCv(WebpFile.plain(file), flags, "WebP");
            case GIF8:
                return JavaImage.read(JavaImage.Format.GIF, file, flags);
            case 0x49492A00, 0x4D4D002A, 0x49492B00, 0x4D4D002B:
                return JavaImage.read(JavaImage.Format.TIFF, file, flags);
            default:
        }
        if (start >>> 8 == JPEG) {
            JpegFile jpeg = JpegFile.checked(file);
            int factor = reduction.applyAsInt(jpeg.height(), jpeg.width());
            Mat image = byOpenCv(file, factor == 1 ? flags : reduced(flags, factor), "JPEG");
            jpeg.checkFilledUp(image);
            return image;
        }
        if (start >>> 16 == BMP) {
            return isPlainBitmap(file)
                    ? byOpenCv(file, flags, "BMP")
                    : JavaImage.read(JavaImage.Format.BMP, file, flags);
        }
        String text = new String(file, 0, Math.min(8, file.length), StandardCharsets.US_ASCII);
        throw bad("it is not a JPEG, PNG, WebP, BMP, GIF or TIFF file"
                + (text.startsWith("<") ? " but text, perhaps a web page" : ""));
    }

    private static Mat png(byte[] file, int flags) throws BadImageException {
        if (flags != IMREAD_GRAYSCALE || !PngFile.hasColour(file)) {
            return byOpenCv(file, flags, "PNG");
        }
        // The PNG library mixes colours otherwise, in linear light, where a file tells its gamma.
        return wanted(byOpenCv(file, IMREAD_COLOR, "PNG"), IMREAD_GRAYSCALE);
    }

    /** Makes an image grey or coloured, if the flags of OpenCV's say so and it is not. */
    static Mat wanted(Mat image, int flags) {
        boolean toGrey = flags == IMREAD_GRAYSCALE && image.channels() == 3;
        boolean toColour = flags == IMREAD_COLOR && image.channels() == 1;
        if (!toGrey && !toColour) {
            return image;
        }
        Mat converted = new Mat();
        opencv_imgproc.cvtColor(
                image, converted, toGrey ? opencv_imgproc.COLOR_BGR2GRAY : opencv_imgproc.COLOR_GRAY2BGR);
        return converted;
    }

    private static int reduced(int flags, int factor) {
        boolean colour = flags == IMREAD_COLOR;
        return switch (factor) {
            case 2 -> colour ? IMREAD_REDUCED_COLOR_2 : IMREAD_REDUCED_GRAYSCALE_2;
            case 4 -> colour ? IMREAD_REDUCED_COLOR_4 : IMREAD_REDUCED_GRAYSCALE_4;
            case 8 -> colour ? IMREAD_REDUCED_COLOR_8 : IMREAD_REDUCED_GRAYSCALE_8;
            default -> throw new IllegalArgumentException("No image is made " + factor + " times smaller");
        };
    }

    /** Whether a BMP is uncompressed, of 8 or 24 bits a pixel, as those are that Convoy writes. */
    private static boolean isPlainBitmap(byte[] file) throws BadImageException {
        ByteBuffer header = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
        if (header.getInt(14) < 40) {
            return false;
        }
        checkSize(Math.abs((long) header.getInt(18)), Math.abs((long) header.getInt(22)));
        int bits = header.getShort(28);
        return (bits == 8 || bits == 24) && header.getInt(30) == 0;
    }

    /** Refuses images of more than {@link #MAX_PIXELS}. */
    static void checkSize(long width, long height) throws BadImageException {
        if (width < 1 || height < 1 || width > MAX_PIXELS || height > MAX_PIXELS || width * height > MAX_PIXELS) {
            throw bad("it says that it has " + width + "x" + height + " (width x height) pixels; allowed are 1 to "
                    + MAX_PIXELS + " in all");
        }
    }

    private static Mat byOpenCv(byte[] file, int flags, String format) throws BadImageException {
        try {
            Mat image = imdecode(new Mat(1, file.length, CV_8UC1, new BytePointer(file)), flags);
            if (image.empty()) {
                throw bad("it is a damaged " + format + " file: the decoder refuses it"
                        + (format.equals("PNG") ? PngFile.reason(file) : ""));
            }
            return image;
        } catch (RuntimeException e) {
            // JavaCPP's translation of cv::Exception
            throw bad("it cannot be decoded: " + Printable.firstLine(e));
        }
    }
}
