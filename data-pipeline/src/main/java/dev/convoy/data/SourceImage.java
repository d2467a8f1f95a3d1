package dev.convoy.data;

import java.io.Serializable;

/**
 * One image as its source holds it.
 *
 * @param id stable example id
 * @param name how messages call it: the file, or the file and the position in it
 * @param label class index
 * @param data encoded or decoded
 */
public record SourceImage(long id, String name, int label, Data data) {
    /** The bytes of an image. */
    public sealed interface Data extends Serializable {
        /** A whole image file. */
        record Encoded(byte[] bytes) implements Data {}

        /** Nothing, for this reason. */
        record Unreadable(String reason) implements Data {}

        /** Unsigned bytes in CHW order. */
        record Pixels(ImageShape shape, byte[] bytes) implements Data {}
    }
}
