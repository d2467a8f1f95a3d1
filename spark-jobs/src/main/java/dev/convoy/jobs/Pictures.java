package dev.convoy.jobs;

import dev.convoy.data.ImageBatch;
import dev.convoy.data.ImageShape;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import javax.imageio.ImageIO;

/** Pictures of images and of numbers. */
final class Pictures {
    private static final int GAP = 1;
    /** Of pictures in pages, whose bytes add up. */
    private static final int MAX_PIXELS = 96;

    static {
        // Nobody looks at a screen, whatever DISPLAY says.
        if (System.getProperty("java.awt.headless") == null) {
            System.setProperty("java.awt.headless", "true");
        }
    }

    private Pictures() {}

    /** An image of a batch. */
    static BufferedImage image(ImageBatch batch, int index) {
        ImageShape shape = batch.shape();
        int plane = shape.height() * shape.width();
        BufferedImage image = new BufferedImage(shape.width(), shape.height(), BufferedImage.TYPE_INT_RGB);
        for (int i = 0; i < plane; i++) {
            int colour = 0;
            for (int channel = 0; channel < 3; channel++) {
                int at = index * shape.size() + channel % shape.channels() * plane + i;
                colour = colour << 8 | batch.pixels()[at] & 0xFF;
            }
            image.setRGB(i % shape.width(), i / shape.width(), colour);
        }
        return image;
    }

    /**
     * Numbers as a picture, from the least in black to the largest in white.
     *
     * @param values {@code [channels, height, width]}, from an offset on; three channels are red, green and blue, of others the first
     *     is drawn in grey
     */
    static BufferedImage numbers(double[] values, int from, int channels, int height, int width) {
        int plane = height * width;
        int drawn = channels == 3 ? 3 : 1;
        double min = Double.POSITIVE_INFINITY;
        double max = Double.NEGATIVE_INFINITY;
        for (int i = from; i < from + drawn * plane; i++) {
            min = Math.min(min, values[i]);
            max = Math.max(max, values[i]);
        }
        double scale = max > min ? 255 / (max - min) : 0;
        BufferedImage picture = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
        for (int i = 0; i < plane; i++) {
            int colour = 0;
            for (int channel = 0; channel < 3; channel++) {
                double value = values[from + channel % drawn * plane + i];
                colour = colour << 8 | (Double.isFinite(value) ? (int) Math.round((value - min) * scale) & 0xFF : 0);
            }
            picture.setRGB(i % width, i / width, colour);
        }
        return picture;
    }

    /** Pictures of one size in a grid, on grey. */
    static BufferedImage grid(List<BufferedImage> pictures, int columns) {
        int width = pictures.get(0).getWidth();
        int height = pictures.get(0).getHeight();
        int rows = (pictures.size() + columns - 1) / columns;
        BufferedImage grid = new BufferedImage(
                columns * (width + GAP) - GAP, rows * (height + GAP) - GAP, BufferedImage.TYPE_INT_RGB);
        Graphics2D drawing = grid.createGraphics();
        drawing.setColor(Color.GRAY);
        drawing.fillRect(0, 0, grid.getWidth(), grid.getHeight());
        for (int i = 0; i < pictures.size(); i++) {
            drawing.drawImage(pictures.get(i), i % columns * (width + GAP), i / columns * (height + GAP), null);
        }
        drawing.dispose();
        return grid;
    }

    /** A picture no larger than a number of pixels in either direction. */
    static BufferedImage within(BufferedImage picture, int pixels) {
        int largest = Math.max(picture.getWidth(), picture.getHeight());
        if (largest <= pixels) {
            return picture;
        }
        int width = Math.max(1, picture.getWidth() * pixels / largest);
        int height = Math.max(1, picture.getHeight() * pixels / largest);
        BufferedImage small = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
        Graphics2D drawing = small.createGraphics();
        drawing.setRenderingHint(RenderingHints.KEY_INTERPOLATION, RenderingHints.VALUE_INTERPOLATION_BILINEAR);
        // By halves, so that no pixel is passed over.
        BufferedImage source = picture.getWidth() > 2 * width ? within(picture, largest / 2) : picture;
        drawing.drawImage(source, 0, 0, width, height, null);
        drawing.dispose();
        return small;
    }

    /** An image of a batch as a PNG file for a page. */
    static byte[] small(ImageBatch batch, int index) {
        return png(within(image(batch, index), MAX_PIXELS));
    }

    /** The bytes of a PNG file. */
    static byte[] png(BufferedImage picture) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try {
            ImageIO.write(picture, "png", bytes);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }
}
