package dev.convoy.jobs;

import dev.convoy.data.ImageBatch;
import dev.convoy.data.Target;
import java.awt.Color;
import java.awt.FontMetrics;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.util.List;
import java.util.Locale;

/** Draws a batch as one picture, every image over its label. */
final class ContactSheet {
    private static final int CELL = 128;
    private static final int LINE = 15;
    private static final int MARGIN = 6;

    private ContactSheet() {}

    static BufferedImage of(ImageBatch batch, List<String> classNames) {
        return captioned(
                batch,
                batch.targets().stream()
                        .map(target -> label(target, classNames))
                        .toList());
    }

    /**
     * @param captions one for each image, of one line or several
     */
    static BufferedImage captioned(ImageBatch batch, List<String> captions) {
        int columns = (int) Math.ceil(Math.sqrt(batch.size()));
        int rows = (batch.size() + columns - 1) / columns;
        int caption = LINE
                        * (int) captions.stream()
                                .mapToLong(text -> text.lines().count())
                                .max()
                                .orElse(1)
                + MARGIN / 2;
        BufferedImage sheet = new BufferedImage(
                columns * (CELL + MARGIN) + MARGIN,
                rows * (CELL + caption + MARGIN) + MARGIN,
                BufferedImage.TYPE_INT_RGB);
        Graphics2D drawing = sheet.createGraphics();
        drawing.setColor(Color.WHITE);
        drawing.fillRect(0, 0, sheet.getWidth(), sheet.getHeight());
        drawing.setColor(Color.BLACK);
        for (int i = 0; i < batch.size(); i++) {
            int x = MARGIN + i % columns * (CELL + MARGIN);
            int y = MARGIN + i / columns * (CELL + caption + MARGIN);
            BufferedImage image = Pictures.image(batch, i);
            double scale = (double) CELL / Math.max(image.getWidth(), image.getHeight());
            int width = (int) Math.round(image.getWidth() * scale);
            int height = (int) Math.round(image.getHeight() * scale);
            drawing.drawImage(image, x + (CELL - width) / 2, y + (CELL - height) / 2, width, height, null);
            int line = 0;
            for (String text : captions.get(i).lines().toList()) {
                line += LINE;
                drawing.drawString(fitting(text, drawing.getFontMetrics()), x, y + CELL + line - 3);
            }
        }
        drawing.dispose();
        return sheet;
    }

    /** As much of a text as a cell is wide. */
    private static String fitting(String text, FontMetrics metrics) {
        String fits = text;
        while (metrics.stringWidth(fits) > CELL && fits.length() > 2) {
            fits = fits.substring(0, fits.length() - 2) + "…";
        }
        return fits;
    }

    static String label(Target target, List<String> classNames) {
        if (target instanceof Target.ClassIndex one) {
            return classNames.get(one.index());
        }
        if (target instanceof Target.Mixed both) {
            return String.format(
                    Locale.ROOT,
                    "%s %.2f, %s",
                    label(both.first(), classNames),
                    both.share(),
                    label(both.second(), classNames));
        }
        return "";
    }
}
