package dev.convoy.benchmarks.data;

import dev.convoy.data.natives.Natives;
import java.awt.Color;
import java.awt.GradientPaint;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.awt.image.DataBufferByte;
import java.util.Random;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.IntPointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.opencv.global.opencv_core;
import org.bytedeco.opencv.global.opencv_imgcodecs;
import org.bytedeco.opencv.opencv_core.Mat;

/** Image files with about as much in them as photographs have: gradients, shapes and noise, which a seed decides. */
public final class Pictures {
    private static final int SHAPES = 40;
    private static final int[] JPEG_SETTINGS = {opencv_imgcodecs.IMWRITE_JPEG_QUALITY, 90};

    static {
        // First, since JavaCPP looks at the process' memory for each object unless it is told otherwise before it is
        // used.
        Natives.OPENCV.load();
    }

    private Pictures() {}

    /**
     * Makes a colour picture.
     *
     * @param format {@code .jpg} or {@code .png}
     */
    public static byte[] make(int width, int height, String format, long seed) {
        Random random = new Random(seed);
        BufferedImage picture = new BufferedImage(width, height, BufferedImage.TYPE_3BYTE_BGR);
        Graphics2D graphics = picture.createGraphics();
        graphics.setPaint(gradient(width, height, random));
        graphics.fillRect(0, 0, width, height);
        for (int i = 0; i < SHAPES; i++) {
            graphics.setPaint(gradient(width, height, random));
            int x = random.nextInt(width);
            int y = random.nextInt(height);
            int across = 1 + random.nextInt(width / 3);
            int down = 1 + random.nextInt(height / 3);
            if (i % 2 == 0) {
                graphics.fillOval(x - across / 2, y - down / 2, across, down);
            } else {
                graphics.fillRect(x - across / 2, y - down / 2, across, down);
            }
        }
        graphics.dispose();
        // OpenCV's order: rows of blue, green, red.
        byte[] pixels = ((DataBufferByte) picture.getRaster().getDataBuffer()).getData();
        addNoise(pixels, random);
        return encode(pixels, width, height, format);
    }

    private static GradientPaint gradient(int width, int height, Random random) {
        return new GradientPaint(
                random.nextInt(width),
                random.nextInt(height),
                new Color(random.nextInt(1 << 24)),
                random.nextInt(width),
                random.nextInt(height),
                new Color(random.nextInt(1 << 24)),
                true);
    }

    private static void addNoise(byte[] pixels, Random random) {
        byte[] noise = new byte[pixels.length];
        random.nextBytes(noise);
        for (int i = 0; i < pixels.length; i++) {
            // From -8 to 7.
            pixels[i] = (byte) Math.max(0, Math.min(255, (pixels[i] & 0xFF) + (noise[i] >> 4)));
        }
    }

    private static byte[] encode(byte[] pixels, int width, int height, String format) {
        try (PointerScope scope = new PointerScope()) {
            Mat image = new Mat(height, width, opencv_core.CV_8UC3, new BytePointer(pixels));
            BytePointer file = new BytePointer();
            IntPointer settings = format.equals(".jpg") ? new IntPointer(JPEG_SETTINGS) : new IntPointer();
            opencv_imgcodecs.imencode(format, image, file, settings);
            byte[] bytes = new byte[(int) file.limit()];
            file.get(bytes);
            return bytes;
        }
    }
}
