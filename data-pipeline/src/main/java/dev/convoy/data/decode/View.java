package dev.convoy.data.decode;

/** Chooses the part of an image that is decoded into all of the result; a pure function. */
@FunctionalInterface
public interface View {
    /**
     * A rectangle within an image.
     *
     * @param x pixels on its left
     * @param y pixels above it
     * @param width in pixels
     * @param height in pixels
     */
    record Part(double x, double y, double width, double height) {}

    /**
     * Chooses the part of an image of some size. Decoders may ask it for the upright image, for the same one made smaller, and for one
     * that lies on its side; of a smaller one of the same proportions it must be the same part.
     */
    Part of(int height, int width);
}
