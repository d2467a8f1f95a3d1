package dev.convoy.data.augment;

import dev.convoy.data.ImageShape;

/**
 * An affine map that tells for every pixel of the new image which point of the old one it shows: {@code (xx * x + xy * y + x0, yx * x
 * + yy * y + y0)}, pixel centres being whole numbers. Maps are composed before pixels are looked at, so that several moves blur no
 * more than one.
 */
record Geometry(double xx, double xy, double x0, double yx, double yy, double y0) {
    static final Geometry IDENTITY = new Geometry(1, 0, 0, 0, 1, 0);

    static Geometry shift(double x, double y) {
        return new Geometry(1, 0, x, 0, 1, y);
    }

    /** This move first, then the other. */
    Geometry then(Geometry next) {
        return new Geometry(
                xx * next.xx + xy * next.yx,
                xx * next.xy + xy * next.yy,
                xx * next.x0 + xy * next.y0 + x0,
                yx * next.xx + yy * next.yx,
                yx * next.xy + yy * next.yy,
                yx * next.x0 + yy * next.y0 + y0);
    }

    /**
     * Moves an image; what lies outside the old one is black. Between pixels it is interpolated bilinearly.
     *
     * @param pixels CHW; not changed
     */
    byte[] apply(byte[] pixels, ImageShape shape) {
        byte[] moved = new byte[pixels.length];
        int width = shape.width();
        int plane = shape.height() * width;
        boolean exact = isWhole(xx) && isWhole(xy) && isWhole(x0) && isWhole(yx) && isWhole(yy) && isWhole(y0);
        for (int y = 0; y < shape.height(); y++) {
            for (int x = 0; x < width; x++) {
                double fromX = xx * x + xy * y + x0;
                double fromY = yx * x + yy * y + y0;
                if (fromX <= -1 || fromX >= width || fromY <= -1 || fromY >= shape.height()) {
                    continue;
                }
                int to = y * width + x;
                if (!exact) {
                    between(pixels, shape, fromX, fromY, moved, to);
                    continue;
                }
                int from = ((int) fromY) * width + (int) fromX;
                for (int start = 0; start < pixels.length; start += plane) {
                    moved[start + to] = pixels[start + from];
                }
            }
        }
        return moved;
    }

    private static boolean isWhole(double value) {
        return value == Math.rint(value);
    }

    /** One pixel of every channel. */
    private static void between(byte[] pixels, ImageShape shape, double x, double y, byte[] moved, int to) {
        int width = shape.width();
        int plane = shape.height() * width;
        int left = (int) Math.floor(x);
        int top = (int) Math.floor(y);
        double right = x - left;
        double bottom = y - top;
        // Almost always, and then without looking at every neighbour.
        boolean inside = left >= 0 && top >= 0 && left + 1 < width && top + 1 < shape.height();
        for (int start = 0; start < pixels.length; start += plane) {
            int corner = start + top * width + left;
            double above = inside
                    ? (1 - right) * (pixels[corner] & 0xFF) + right * (pixels[corner + 1] & 0xFF)
                    : (1 - right) * pixel(pixels, start, shape, left, top)
                            + right * pixel(pixels, start, shape, left + 1, top);
            double below = inside
                    ? (1 - right) * (pixels[corner + width] & 0xFF) + right * (pixels[corner + width + 1] & 0xFF)
                    : (1 - right) * pixel(pixels, start, shape, left, top + 1)
                            + right * pixel(pixels, start, shape, left + 1, top + 1);
            moved[start + to] = (byte) ((1 - bottom) * above + bottom * below + 0.5);
        }
    }

    private static int pixel(byte[] pixels, int start, ImageShape shape, int x, int y) {
        boolean inside = x >= 0 && x < shape.width() && y >= 0 && y < shape.height();
        return inside ? pixels[start + y * shape.width() + x] & 0xFF : 0;
    }
}
