package dev.convoy.data.decode;

import static dev.convoy.data.decode.ImageFile.bad;
import static org.bytedeco.opencv.global.opencv_core.CV_8UC1;
import static org.bytedeco.opencv.global.opencv_core.CV_8UC3;

import com.twelvemonkeys.imageio.metadata.tiff.TIFF;
import com.twelvemonkeys.imageio.plugins.bmp.BMPImageReaderSpi;
import com.twelvemonkeys.imageio.plugins.tiff.TIFFImageMetadata;
import com.twelvemonkeys.imageio.plugins.tiff.TIFFImageReaderSpi;
import com.twelvemonkeys.imageio.stream.ByteArrayImageInputStream;
import dev.convoy.data.BadImageException;
import dev.convoy.data.Printable;
import java.awt.image.BufferedImage;
import java.awt.image.DataBuffer;
import java.awt.image.IndexColorModel;
import java.io.IOException;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.ImageTypeSpecifier;
import javax.imageio.metadata.IIOMetadata;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.opencv.global.opencv_core;
import org.bytedeco.opencv.opencv_core.Mat;
import org.w3c.dom.NamedNodeMap;
import org.w3c.dom.Node;

/**
 * Image files that are decoded on the heap: GIF by Java's own reader, TIFF (with BigTIFF) and BMP by TwelveMonkeys'
 * ImageIO. The reader that is asked for the size is the one that decodes. Transparency is dropped; samples of more than
 * 8 bits keep the upper ones.
 */
final class JavaImage {
    /** The formats, each with its reader. */
    enum Format {
        BMP,
        GIF,
        TIFF;

        private ImageReader reader() throws IOException {
            return switch (this) {
                case BMP -> new BMPImageReaderSpi().createReaderInstance(null);
                case GIF -> ImageIO.getImageReadersByFormatName("gif").next();
                case TIFF -> new TIFFImageReaderSpi().createReaderInstance(null);
            };
        }
    }

    /** The bytes of the largest image that may be decoded, at three a pixel. */
    private static final long MAX_BYTES = 3L * ImageFile.MAX_PIXELS;

    /** Of a pixel of a TIFF file: its colours, and whatever else a program has put beside them. */
    private static final int MAX_SAMPLES = 64;

    private JavaImage() {}

    /**
     * Decodes a file in the caller's scope.
     *
     * @param flags OpenCV's: grey, colour, or whichever it is
     * @throws BadImageException with the reason
     */
    static Mat read(Format format, byte[] file, int flags) throws BadImageException {
        ImageReader reader = null;
        try {
            reader = format.reader();
            reader.setInput(new ByteArrayImageInputStream(file), false, false);
            return ImageFile.wanted(decode(format, reader), flags);
        } catch (IOException | RuntimeException e) {
            String reason = Printable.firstLine(e);
            throw bad("it is a " + format + " file that is damaged, cut short or of a kind that cannot be read: "
                    + (e instanceof IOException ? reason : e.getClass().getSimpleName() + " " + reason));
        } finally {
            if (reader != null) {
                reader.dispose();
            }
        }
    }

    private static Mat decode(Format format, ImageReader reader) throws IOException, BadImageException {
        ImageFile.checkSize(reader.getWidth(0), reader.getHeight(0));
        IIOMetadata metadata = reader.getImageMetadata(0);
        if (metadata instanceof TIFFImageMetadata tiff) {
            checkTiff(tiff);
        }
        checkMemory(reader);
        BufferedImage image = reader.read(0);
        Pixels pixels = format == Format.GIF ? onScreen(image, reader, metadata) : Pixels.of(image);
        int type = pixels.channels() == 1 ? CV_8UC1 : CV_8UC3;
        Mat mat = new Mat(pixels.height(), pixels.width(), type, new BytePointer(pixels.bytes()));
        return metadata instanceof TIFFImageMetadata tiff ? upright(mat, value(tiff, TIFF.TAG_ORIENTATION, 1)) : mat;
    }

    /** Refuses files that claim too much: readers take memory for that before they look at what a file has. */
    private static void checkMemory(ImageReader reader) throws IOException, BadImageException {
        ImageTypeSpecifier type = reader.getRawImageType(0);
        if (type == null) {
            return;
        }
        long perPixel = type.getNumBands()
                * (long) DataBuffer.getDataTypeSize(type.getSampleModel().getDataType())
                / 8;
        if (perPixel * reader.getWidth(0) * reader.getHeight(0) > MAX_BYTES) {
            throw bad("its " + reader.getWidth(0) + "x" + reader.getHeight(0) + " pixels of " + perPixel
                    + " bytes take more than " + (MAX_BYTES >> 20) + " MiB");
        }
    }

    private static void checkTiff(TIFFImageMetadata tiff) throws BadImageException {
        int format = value(tiff, TIFF.TAG_SAMPLE_FORMAT, 1);
        if (format == 2 || format == 3) {
            throw bad("it is a TIFF file of " + (format == 2 ? "signed" : "floating point")
                    + " samples; only unsigned integers can be read");
        }
        // The reader makes arrays of this length before it looks at what the file has.
        int samples = value(tiff, TIFF.TAG_SAMPLES_PER_PIXEL, 1);
        if (samples < 1 || samples > MAX_SAMPLES) {
            throw bad("it is a TIFF file of " + Integer.toUnsignedString(samples)
                    + " samples a pixel; allowed are 1 to " + MAX_SAMPLES);
        }
        // A tile is decoded whole, however much of it the image needs.
        ImageFile.checkSize(value(tiff, TIFF.TAG_TILE_WIDTH, 1), value(tiff, TIFF.TAG_TILE_HEIGTH, 1));
    }

    /** The first of a field's values. */
    private static int value(TIFFImageMetadata tiff, int tag, int otherwise) {
        Object value =
                tiff.getTIFFField(tag) == null ? null : tiff.getTIFFField(tag).getValue();
        if (value instanceof int[] many) {
            return many.length == 0 ? otherwise : many[0];
        }
        if (value instanceof short[] many) {
            return many.length == 0 ? otherwise : many[0];
        }
        return value instanceof Number one ? one.intValue() : otherwise;
    }

    /** Turns an image of EXIF's orientation. */
    private static Mat upright(Mat image, int orientation) {
        Mat turned = image;
        if (orientation >= 5 && orientation <= 8) {
            turned = new Mat();
            opencv_core.transpose(image, turned);
        }
        // Around the vertical axis, both, the horizontal one; by orientation.
        int flip =
                switch (orientation) {
                    case 2, 6 -> 1;
                    case 3, 7 -> -1;
                    case 4, 8 -> 0;
                    default -> 2;
                };
        if (flip == 2) {
            return turned;
        }
        Mat flipped = new Mat();
        opencv_core.flip(turned, flipped, flip);
        return flipped;
    }

    /** Puts the first frame where it lies on the GIF's screen, which grows if the frame reaches beyond. */
    private static Pixels onScreen(BufferedImage frame, ImageReader reader, IIOMetadata metadata)
            throws IOException, BadImageException {
        Node position = child(metadata.getAsTree("javax_imageio_gif_image_1.0"), "ImageDescriptor");
        Node screen =
                child(reader.getStreamMetadata().getAsTree("javax_imageio_gif_stream_1.0"), "LogicalScreenDescriptor");
        int left = number(position, "imageLeftPosition");
        int top = number(position, "imageTopPosition");
        int width = Math.max(number(screen, "logicalScreenWidth"), left + frame.getWidth());
        int height = Math.max(number(screen, "logicalScreenHeight"), top + frame.getHeight());
        ImageFile.checkSize(width, height);
        int[] colours = Pixels.colours((IndexColorModel) frame.getColorModel());
        Pixels pixels = new Pixels(3, height, width);
        int transparent = ((IndexColorModel) frame.getColorModel()).getTransparentPixel();
        int around = colours[Math.max(0, transparent)];
        for (int i = 0; around != 0 && i < width * height; i++) {
            pixels.set(i, around);
        }
        int[] row = new int[frame.getWidth()];
        for (int y = 0; y < frame.getHeight(); y++) {
            frame.getRaster().getPixels(0, y, row.length, 1, row);
            for (int x = 0; x < row.length; x++) {
                pixels.set((top + y) * width + left + x, colours[row[x]]);
            }
        }
        return pixels;
    }

    private static Node child(Node tree, String name) throws IOException {
        for (Node node = tree.getFirstChild(); node != null; node = node.getNextSibling()) {
            if (node.getNodeName().equals(name)) {
                return node;
            }
        }
        throw new IOException("it has no " + name);
    }

    private static int number(Node node, String attribute) {
        NamedNodeMap attributes = node.getAttributes();
        return Integer.parseInt(attributes.getNamedItem(attribute).getNodeValue());
    }
}
