package dev.convoy.data.decode;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.bytedeco.opencv.global.opencv_core.CV_16UC4;
import static org.bytedeco.opencv.global.opencv_core.CV_8UC4;

import dev.convoy.data.BadImageException;
import dev.convoy.data.ImageShape;
import dev.convoy.data.SourceImage;
import dev.convoy.data.decode.ImageDecoder.Colours;
import dev.convoy.data.decode.ImageDecoder.Sizes;
import dev.convoy.testing.ImageFiles;
import java.awt.color.ColorSpace;
import java.awt.image.BufferedImage;
import java.awt.image.ColorModel;
import java.awt.image.ComponentColorModel;
import java.awt.image.DataBuffer;
import java.awt.image.IndexColorModel;
import java.awt.image.Raster;
import java.awt.image.WritableRaster;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageWriteParam;
import javax.imageio.ImageWriter;
import javax.imageio.stream.ImageOutputStream;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.IntPointer;
import org.bytedeco.opencv.global.opencv_imgcodecs;
import org.bytedeco.opencv.opencv_core.Mat;
import org.bytedeco.opencv.opencv_core.MatVector;
import org.bytedeco.opencv.opencv_core.Scalar;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Every kind of image that cameras, scanners and programs write. */
class ImageFormatsTest {
    /** Decodes in the shape that a look at the image finds, which is to be this one. */
    private static byte[] decode(byte[] file, int channels, int height, int width) throws BadImageException {
        SourceImage.Data data = new SourceImage.Data.Encoded(file);
        ImageShape shape = new ImageShape(channels, height, width);
        assertThat(ImageDecoder.shapeOf(data)).isEqualTo(shape);
        assertThat(ImageDecoder.inspect(data).shape()).isEqualTo(shape);
        return new ImageDecoder(shape, Sizes.REFUSE, Colours.REFUSE).decode(data);
    }

    @ParameterizedTest
    @ValueSource(strings = {"png", "bmp", "tiff"})
    void losslessFormatsComeAsTheyWere(String format) throws Exception {
        byte[] pixels = decode(ImageFiles.noise(format), 3, 20, 30);
        BufferedImage image = ImageFiles.noise(BufferedImage.TYPE_3BYTE_BGR);
        for (int i = 0; i < 600; i++) {
            int colour = image.getRGB(i % 30, i / 30);
            assertThat(pixels[i]).isEqualTo((byte) (colour >> 16));
            assertThat(pixels[600 + i]).isEqualTo((byte) (colour >> 8));
            assertThat(pixels[1200 + i]).isEqualTo((byte) colour);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"jpg", "gif", "webp"})
    void lossyFormatsDecode(String format) throws Exception {
        assertThat(decode(ImageFiles.noise(format), 3, 20, 30)).hasSize(1800);
    }

    @Test
    void aProgressiveJpegIsTheSameAsAPlainOne() throws Exception {
        ImageWriter writer = ImageIO.getImageWritersByFormatName("jpg").next();
        ImageWriteParam progressive = writer.getDefaultWriteParam();
        progressive.setProgressiveMode(ImageWriteParam.MODE_DEFAULT);
        BufferedImage image = ImageFiles.noise(BufferedImage.TYPE_3BYTE_BGR);
        byte[] file = written(writer, new IIOImage(image, null, null), progressive);
        assertThat(decode(file, 3, 20, 30)).isEqualTo(decode(ImageFiles.noise("jpg"), 3, 20, 30));
    }

    /** Any number of FF may stand before a marker. */
    @Test
    void aJpegMayHaveFillBytes() throws Exception {
        byte[] plain = ImageFiles.noise("jpg");
        byte[] filled = ImageFiles.inserted(plain, 2, new byte[] {-1, -1, -1});
        assertThat(decode(filled, 3, 20, 30)).isEqualTo(decode(plain, 3, 20, 30));
    }

    /** Printing colours are stored inverted, as Photoshop and everyone after it does. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aJpegInPrintingColoursShowsTheRightOnes(boolean marked) throws Exception {
        WritableRaster raster = Raster.createInterleavedRaster(DataBuffer.TYPE_BYTE, 16, 16, 4, null);
        for (int i = 0; i < 256; i++) {
            raster.setPixel(i % 16, i / 16, new int[] {250, 128, 10, 255});
        }
        ImageWriter writer = ImageIO.getImageWritersByFormatName("jpg").next();
        byte[] file = written(writer, new IIOImage(raster, null, null), null);
        if (marked) {
            byte[] adobe = {-1, (byte) 0xEE, 0, 14, 'A', 'd', 'o', 'b', 'e', 0, 100, 0, 0, 0, 0, 0};
            file = ImageFiles.inserted(file, 2, adobe);
        }
        byte[] pixels = decode(file, 3, 16, 16);
        assertThat(pixels[0] & 0xFF).isCloseTo(250, within(3));
        assertThat(pixels[256] & 0xFF).isCloseTo(128, within(3));
        assertThat(pixels[512] & 0xFF).isCloseTo(10, within(3));
    }

    private static byte[] written(ImageWriter writer, IIOImage image, ImageWriteParam param) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (ImageOutputStream target = ImageIO.createImageOutputStream(out)) {
            writer.setOutput(target);
            writer.write(null, image, param);
        }
        return out.toByteArray();
    }

    /** The place in the file of a pixel that is seen at a row and column, for each value of EXIF's tag 274. */
    private static int[] stored(int orientation, int row, int column, int height, int width) {
        int lastRow = height - 1;
        int lastColumn = width - 1;
        return switch (orientation) {
            case 1 -> new int[] {row, column};
            case 2 -> new int[] {row, lastColumn - column};
            case 3 -> new int[] {lastRow - row, lastColumn - column};
            case 4 -> new int[] {lastRow - row, column};
            case 5 -> new int[] {column, row};
            case 6 -> new int[] {lastColumn - column, row};
            case 7 -> new int[] {lastColumn - column, lastRow - row};
            case 8 -> new int[] {column, lastRow - row};
            default -> throw new IllegalArgumentException();
        };
    }

    /** A picture of 2 x 3 fields, 8 pixels each so that JPEG keeps them. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4, 5, 6, 7, 8})
    void anImageIsSeenUprightHoweverTheCameraWasHeld(int orientation) throws Exception {
        boolean turned = orientation > 4;
        BufferedImage image = new BufferedImage(turned ? 16 : 24, turned ? 24 : 16, BufferedImage.TYPE_BYTE_GRAY);
        for (int i = 0; i < 384; i++) {
            int[] place = stored(orientation, i / 24, i % 24, 16, 24);
            image.getRaster().setSample(place[1], place[0], 0, field(i));
        }
        for (ByteOrder order : new ByteOrder[] {ByteOrder.BIG_ENDIAN, ByteOrder.LITTLE_ENDIAN}) {
            byte[] exif = exif(orientation, order);
            byte[] jpeg = ImageFiles.inserted(
                    ImageFiles.of(image, "jpg"),
                    2,
                    ImageFiles.joined(
                            new byte[] {-1, (byte) 0xE1, 0, (byte) (exif.length + 8), 'E', 'x', 'i', 'f', 0, 0}, exif));
            byte[] png = ImageFiles.inserted(ImageFiles.of(image, "png"), 33, ImageFiles.pngChunk("eXIf", exif));
            byte[] lossy = decode(jpeg, 1, 16, 24);
            byte[] exact = decode(png, 1, 16, 24);
            byte[] last = new ImageDecoder(new ImageShape(1, 8, 8), Sizes.CROP, Colours.REFUSE)
                    .decode(new SourceImage.Data.Encoded(png), (height, width) -> new View.Part(16, 8, 8, 8));
            assertThat(last).containsOnly(field(383));
            for (int i = 0; i < 384; i++) {
                assertThat(lossy[i] & 0xFF).isCloseTo(field(i), within(2));
                assertThat(exact[i] & 0xFF).isEqualTo(field(i));
            }
        }
    }

    private static int field(int pixel) {
        return 20 + 30 * (pixel / 24 / 8) + 60 * (pixel % 24 / 8);
    }

    /** A directory with one entry. */
    private static byte[] exif(int orientation, ByteOrder order) {
        ByteBuffer exif = ByteBuffer.allocate(26).order(order);
        exif.putShort((short) (order == ByteOrder.BIG_ENDIAN ? 0x4D4D : 0x4949));
        exif.putShort((short) 42).putInt(8).putShort((short) 1);
        exif.putShort((short) 274).putShort((short) 3).putInt(1).putShort((short) orientation);
        return exif.array();
    }

    @Test
    void palettesAreColours() throws Exception {
        byte[] red = {10, 20};
        IndexColorModel palette = new IndexColorModel(1, 2, red, new byte[] {30, 40}, new byte[] {50, 60});
        BufferedImage indexed = new BufferedImage(2, 1, BufferedImage.TYPE_BYTE_BINARY, palette);
        indexed.getRaster().setSample(0, 0, 0, 1);
        for (String format : new String[] {"png", "bmp", "gif"}) {
            assertThat(decode(ImageFiles.of(indexed, format), 3, 1, 2)).containsExactly(20, 10, 40, 30, 60, 50);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"png", "tiff", "bmp"})
    void oneBitIsBlackAndWhite(String format) throws Exception {
        BufferedImage image = new BufferedImage(3, 1, BufferedImage.TYPE_BYTE_BINARY);
        image.getRaster().setSample(1, 0, 0, 1);
        assertThat(decode(ImageFiles.of(image, format), 1, 1, 3)).containsExactly(0, 255, 0);
    }

    @Test
    void sixteenBitsBecomeEight() throws Exception {
        BufferedImage grey = new BufferedImage(2, 1, BufferedImage.TYPE_USHORT_GRAY);
        grey.getRaster().setSample(0, 0, 0, 0x80FF);
        for (String format : new String[] {"png", "tiff"}) {
            assertThat(decode(ImageFiles.of(grey, format), 1, 1, 2)).containsExactly(0x80, 0);
        }
        try (Mat colour = new Mat(1, 1, CV_16UC4, new Scalar(0x0AFF, 0x1400, 0x1E00, 0x2800))) {
            assertThat(decode(ImageFiles.byOpenCv(colour, ".png"), 3, 1, 1)).containsExactly(30, 20, 10);
        }
    }

    /** Also where an image is transparent throughout. */
    @Test
    void transparencyIsDropped() throws Exception {
        try (Mat image = new Mat(1, 1, CV_8UC4, new Scalar(10, 20, 30, 0))) {
            assertThat(decode(ImageFiles.byOpenCv(image, ".png"), 3, 1, 1)).containsExactly(30, 20, 10);
        }
        ColorSpace grey = ColorSpace.getInstance(ColorSpace.CS_GRAY);
        for (int type : new int[] {DataBuffer.TYPE_BYTE, DataBuffer.TYPE_USHORT}) {
            ColorModel model = new ComponentColorModel(grey, true, false, ColorModel.TRANSLUCENT, type);
            WritableRaster raster = model.createCompatibleWritableRaster(2, 1);
            raster.setPixels(0, 0, 2, 1, new int[] {10 << 8 * type, 0, 20 << 8 * type, 1});
            BufferedImage image = new BufferedImage(model, raster, false, null);
            assertThat(decode(ImageFiles.of(image, "png"), 1, 1, 2)).containsExactly(10, 20);
        }
    }

    @Test
    void ofAnAnimationTheFirstPictureCounts() throws Exception {
        ImageWriter writer = ImageIO.getImageWritersByFormatName("gif").next();
        ByteArrayOutputStream gif = new ByteArrayOutputStream();
        try (ImageOutputStream target = ImageIO.createImageOutputStream(gif)) {
            writer.setOutput(target);
            writer.prepareWriteSequence(null);
            for (int frame = 1; frame <= 3; frame++) {
                BufferedImage image = new BufferedImage(1, 1, BufferedImage.TYPE_INT_RGB);
                image.setRGB(0, 0, frame * 0x1E140A);
                writer.writeToSequence(new IIOImage(image, null, null), null);
            }
            writer.endWriteSequence();
        }
        assertThat(decode(gif.toByteArray(), 3, 1, 1)).containsExactly(30, 20, 10);
        for (String ending : new String[] {".webp", ".png"}) {
            byte[] pixels = decode(animated(ending), 3, 1, 1);
            assertThat(pixels[0] & 0xFF).isCloseTo(30, within(4));
            assertThat(pixels[1] & 0xFF).isCloseTo(20, within(4));
            assertThat(pixels[2] & 0xFF).isCloseTo(10, within(4));
        }
    }

    private static byte[] animated(String ending) {
        try (MatVector frames = new MatVector(
                        new Mat(1, 1, CV_8UC4, new Scalar(10, 20, 30, 255)),
                        new Mat(1, 1, CV_8UC4, new Scalar(200, 200, 200, 255)));
                opencv_imgcodecs.Animation animation = new opencv_imgcodecs.Animation();
                BytePointer name = new BytePointer(ending);
                BytePointer file = new BytePointer()) {
            animation.frames(frames);
            animation.durations(new IntPointer(100, 100));
            assertThat(opencv_imgcodecs.imencodeanimation(name, animation, file))
                    .isTrue();
            return ImageFiles.bytes(file);
        }
    }

    /** A chunk that tells the gamma, or that colours are sRGB's, as many programs write it. */
    @ParameterizedTest
    @ValueSource(strings = {"gAMA", "sRGB"})
    void greyOfAPngDoesNotDependOnWhatItSaysOfItsGamma(String type) throws Exception {
        byte[] plain = ImageFiles.noise("png");
        byte[] content = type.equals("gAMA") ? new byte[] {0, 0, (byte) 0xB1, (byte) 0x8F} : new byte[1];
        byte[] marked = ImageFiles.inserted(plain, 33, ImageFiles.pngChunk(type, content));
        ImageDecoder decoder =
                new ImageDecoder(new ImageShape(1, 20, 30), ImageDecoder.Sizes.REFUSE, ImageDecoder.Colours.TO_GREY);
        byte[] grey = decoder.decode(new SourceImage.Data.Encoded(marked));
        assertThat(grey).isEqualTo(decoder.decode(new SourceImage.Data.Encoded(plain)));
        ImageShape colour = new ImageShape(3, 20, 30);
        byte[] planes = decode(plain, 3, 20, 30);
        assertThat(grey)
                .as("as of every other format")
                .isEqualTo(decoder.decode(new SourceImage.Data.Pixels(colour, planes)));
    }
}
