package dev.convoy.testing;

import java.awt.image.BufferedImage;
import java.awt.image.RenderedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import java.util.zip.CRC32;
import java.util.zip.DeflaterOutputStream;
import javax.imageio.ImageIO;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.opencv.global.opencv_imgcodecs;
import org.bytedeco.opencv.opencv_core.Mat;

/** Image files for tests, written by the JDK, by OpenCV where the JDK has no writer, or by hand. */
public final class ImageFiles {
    private ImageFiles() {}

    /** 30 x 20 pixels that have something to lose; always the same. */
    public static BufferedImage noise(int type) {
        BufferedImage image = new BufferedImage(30, 20, type);
        Random random = new Random(1);
        for (int i = 0; i < 600; i++) {
            image.setRGB(i % 30, i / 30, random.nextInt());
        }
        return image;
    }

    /** Coloured noise in a format: png, jpg, bmp, gif, tiff or webp. */
    public static byte[] noise(String format) throws IOException {
        BufferedImage image = noise(BufferedImage.TYPE_3BYTE_BGR);
        if (!format.equals("webp")) {
            return of(image, format);
        }
        byte[] bmp = of(image, "bmp");
        return byOpenCv(opencv_imgcodecs.imdecode(new Mat(bmp), opencv_imgcodecs.IMREAD_COLOR), ".webp");
    }

    public static byte[] of(RenderedImage image, String format) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        if (!ImageIO.write(image, format, out)) {
            throw new IllegalArgumentException("The JDK cannot write this image as " + format);
        }
        return out.toByteArray();
    }

    public static byte[] byOpenCv(Mat image, String ending) {
        try (BytePointer file = new BytePointer()) {
            opencv_imgcodecs.imencode(ending, image, file);
            return bytes(file);
        }
    }

    public static byte[] bytes(BytePointer file) {
        byte[] bytes = new byte[(int) file.limit()];
        file.get(bytes);
        return bytes;
    }

    /** A PNG of 8-bit colour; the pixels are what its data chunk says, compressed or not. */
    public static byte[] png(int width, int height, byte[] data) {
        byte[] header = ByteBuffer.allocate(13)
                .putInt(width)
                .putInt(height)
                .put(new byte[] {8, 2, 0, 0, 0})
                .array();
        return joined(
                new byte[] {(byte) 0x89, 'P', 'N', 'G', 13, 10, 26, 10},
                pngChunk("IHDR", header),
                pngChunk("IDAT", data),
                pngChunk("IEND", new byte[0]));
    }

    public static byte[] pngChunk(String type, byte[] data) {
        byte[] name = type.getBytes(StandardCharsets.US_ASCII);
        CRC32 crc = new CRC32();
        crc.update(name);
        crc.update(data);
        return ByteBuffer.allocate(12 + data.length)
                .putInt(data.length)
                .put(name)
                .put(data)
                .putInt((int) crc.getValue())
                .array();
    }

    /** This many zeros, compressed. */
    public static byte[] deflatedZeros(int megabytes) throws IOException {
        ByteArrayOutputStream packed = new ByteArrayOutputStream();
        try (DeflaterOutputStream out = new DeflaterOutputStream(packed)) {
            byte[] zeros = new byte[1 << 20];
            for (int i = 0; i < megabytes; i++) {
                out.write(zeros);
            }
        }
        return packed.toByteArray();
    }

    public static byte[] inserted(byte[] file, int at, byte[] part) {
        return ByteBuffer.allocate(file.length + part.length)
                .put(file, 0, at)
                .put(part)
                .put(file, at, file.length - at)
                .array();
    }

    public static byte[] joined(byte[]... parts) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            all.writeBytes(part);
        }
        return all.toByteArray();
    }
}
