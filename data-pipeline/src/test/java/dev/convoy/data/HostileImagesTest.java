package dev.convoy.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.convoy.data.ImageDecoder.Colours;
import dev.convoy.data.ImageDecoder.Sizes;
import java.awt.image.BufferedImage;
import java.awt.image.IndexColorModel;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.zip.CRC32;
import java.util.zip.Deflater;
import java.util.zip.DeflaterOutputStream;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageWriteParam;
import javax.imageio.ImageWriter;
import javax.imageio.stream.ImageOutputStream;
import org.bytedeco.opencv.global.opencv_imgcodecs;
import org.bytedeco.opencv.opencv_core.Mat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Images as they are found in the wild, made here. */
class HostileImagesTest {
    private static final ImageDecoder DECODER =
            new ImageDecoder(new ImageShape(3, 20, 30), Sizes.REFUSE, Colours.REFUSE);

    @TempDir
    Path folder;

    /** Noise, so that files have something to lose. */
    private static BufferedImage noise(int type) {
        BufferedImage image = new BufferedImage(30, 20, type);
        Random random = new Random(1);
        for (int i = 0; i < 600; i++) {
            image.setRGB(i % 30, i / 30, random.nextInt());
        }
        return image;
    }

    private static byte[] file(String format) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        assertThat(ImageIO.write(noise(BufferedImage.TYPE_3BYTE_BGR), format, out))
                .isTrue();
        return out.toByteArray();
    }

    /** What OpenCV writes and the JDK does not. */
    private byte[] byOpenCv(String name) throws IOException {
        Path png = folder.resolve("x.png");
        ImageIO.write(noise(BufferedImage.TYPE_3BYTE_BGR), "png", png.toFile());
        Path file = folder.resolve(name);
        try (Mat image = opencv_imgcodecs.imread(png.toString())) {
            assertThat(opencv_imgcodecs.imwrite(file.toString(), image)).isTrue();
        }
        return Files.readAllBytes(file);
    }

    private static byte[] decode(byte[] file) throws BadImageException {
        return DECODER.decode(new SourceImage.Data.Encoded(file));
    }

    private static void assertRejected(byte[] file, String reason) {
        assertThatThrownBy(() -> decode(file))
                .isInstanceOf(BadImageException.class)
                .hasMessageContaining(reason);
    }

    @ParameterizedTest
    @ValueSource(strings = {"png", "bmp", "tiff"})
    void losslessFormatsComeAsTheyWere(String format) throws Exception {
        byte[] pixels = decode(file(format));
        BufferedImage image = noise(BufferedImage.TYPE_3BYTE_BGR);
        for (int i = 0; i < 600; i++) {
            int colour = image.getRGB(i % 30, i / 30);
            assertThat(pixels[i]).isEqualTo((byte) (colour >> 16));
            assertThat(pixels[1200 + i]).isEqualTo((byte) colour);
        }
    }

    @Test
    void lossyFormatsDecode() throws Exception {
        assertThat(decode(file("jpg"))).hasSize(1800);
        assertThat(decode(file("gif"))).hasSize(1800);
        assertThat(decode(byOpenCv("y.webp"))).hasSize(1800);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ImageWriter writer = ImageIO.getImageWritersByFormatName("jpg").next();
        ImageWriteParam progressive = writer.getDefaultWriteParam();
        progressive.setProgressiveMode(ImageWriteParam.MODE_DEFAULT);
        try (ImageOutputStream target = ImageIO.createImageOutputStream(out)) {
            writer.setOutput(target);
            writer.write(null, new IIOImage(noise(BufferedImage.TYPE_3BYTE_BGR), null, null), progressive);
        }
        assertThat(decode(out.toByteArray())).hasSize(1800);
    }

    @Test
    void palettesSixteenBitsAndTransparencyBecomeEightBitColour() throws Exception {
        byte[] red = {10, 20};
        IndexColorModel palette = new IndexColorModel(1, 2, red, new byte[] {30, 40}, new byte[] {50, 60});
        BufferedImage indexed = new BufferedImage(30, 20, BufferedImage.TYPE_BYTE_BINARY, palette);
        indexed.getRaster().setSample(0, 0, 0, 1);
        byte[] pixels = decode(png(indexed));
        assertThat(new byte[] {pixels[0], pixels[600], pixels[1200]}).containsExactly(20, 40, 60);
        assertThat(new byte[] {pixels[1], pixels[601], pixels[1201]}).containsExactly(10, 30, 50);
        BufferedImage deep = new BufferedImage(30, 20, BufferedImage.TYPE_USHORT_GRAY);
        deep.getRaster().setSample(0, 0, 0, 0x80FF);
        assertThat(decode(png(deep))[0]).isEqualTo((byte) 0x80);
        assertThat(decode(png(noise(BufferedImage.TYPE_INT_ARGB)))).hasSize(1800);
    }

    private static byte[] png(BufferedImage image) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ImageIO.write(image, "png", out);
        return out.toByteArray();
    }

    @Test
    void whatIsNoImageIsNamed() throws IOException {
        assertRejected(new byte[0], "the file is empty");
        assertRejected("<!DOCTYPE html><html>".getBytes(StandardCharsets.UTF_8), "begins with \"<!DOCTYPE html><\"");
        assertRejected(new byte[] {1}, "not a JPEG, PNG, WebP");
        assertRejected(Arrays.copyOf(file("jpg"), 3), "not a JPEG");
        byte[] garbage = file("jpg");
        Arrays.fill(garbage, 4, garbage.length, (byte) 7);
        assertRejected(garbage, "");
    }

    /** At any place: decoders fill up what is missing and say nothing. */
    @ParameterizedTest
    @ValueSource(strings = {"png", "jpg", "bmp", "gif", "tiff", "webp"})
    void whatIsCutShortIsRejected(String format) throws IOException {
        byte[] whole = format.equals("webp") ? byOpenCv("z.webp") : file(format);
        for (int part = 1; part < 10; part++) {
            byte[] cut = Arrays.copyOf(whole, whole.length * part / 10);
            assertRejected(cut, "");
        }
    }

    /** 60,000 x 60,000 pixels would be 10 GB. */
    @Test
    void sizesAreReadBeforeMemoryIsGiven() throws IOException {
        assertRejected(pngOf(60_000, 60_000, new byte[100]), "3600000000 pixels");
        byte[] jpeg = file("jpg");
        for (int i = 2; i < jpeg.length; i++) {
            if ((jpeg[i] & 0xFF) == 0xFF && (jpeg[i + 1] & 0xFF) == 0xC0) {
                Arrays.fill(jpeg, i + 5, i + 9, (byte) 0xFF);
                break;
            }
        }
        assertRejected(jpeg, "4294836225 pixels");
    }

    /** A kilobyte that inflates to a gigabyte, in an image of twenty rows. */
    @Test
    void aBombInsideASmallImageIsRejectedOrCut() throws IOException {
        ByteArrayOutputStream packed = new ByteArrayOutputStream();
        try (DeflaterOutputStream out = new DeflaterOutputStream(packed, new Deflater(9))) {
            byte[] zeros = new byte[1 << 20];
            for (int i = 0; i < 256; i++) {
                out.write(zeros);
            }
        }
        byte[] bomb = pngOf(30, 20, packed.toByteArray());
        try {
            assertThat(decode(bomb)).hasSize(1800);
        } catch (BadImageException e) {
            assertThat(e.kind()).isEqualTo(BadImageException.Kind.UNDECODABLE);
        }
    }

    private static byte[] pngOf(int width, int height, byte[] data) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.write(new byte[] {(byte) 0x89, 'P', 'N', 'G', 13, 10, 26, 10});
        ByteBuffer header = ByteBuffer.allocate(13).putInt(width).putInt(height);
        header.put(new byte[] {8, 2, 0, 0, 0});
        chunk(out, "IHDR", header.array());
        chunk(out, "IDAT", data);
        chunk(out, "IEND", new byte[0]);
        return out.toByteArray();
    }

    private static void chunk(ByteArrayOutputStream out, String type, byte[] data) throws IOException {
        byte[] name = type.getBytes(StandardCharsets.US_ASCII);
        CRC32 crc = new CRC32();
        crc.update(name);
        crc.update(data);
        out.write(ByteBuffer.allocate(4).putInt(data.length).array());
        out.write(name);
        out.write(data);
        out.write(ByteBuffer.allocate(4).putInt((int) crc.getValue()).array());
    }

    @Test
    void cropAndLetterboxKeepTheAspectRatio() throws Exception {
        byte[] wide = new byte[2 * 6];
        for (int i = 0; i < 12; i++) {
            wide[i] = (byte) (10 * (i % 6) + 10);
        }
        SourceImage.Data image = new SourceImage.Data.Pixels(new ImageShape(1, 2, 6), wide);
        ImageShape square = new ImageShape(1, 2, 2);
        assertThat(new ImageDecoder(square, Sizes.CROP, Colours.REFUSE).decode(image))
                .containsExactly(30, 40, 30, 40);
        ImageShape large = new ImageShape(1, 6, 6);
        byte[] boxed = new ImageDecoder(large, Sizes.LETTERBOX, Colours.REFUSE).decode(image);
        assertThat(Arrays.copyOfRange(boxed, 0, 12)).containsOnly(0);
        assertThat(Arrays.copyOfRange(boxed, 12, 18)).containsExactly(10, 20, 30, 40, 50, 60);
        assertThat(Arrays.copyOfRange(boxed, 24, 36)).containsOnly(0);
    }
}
