package dev.convoy.data;

import java.io.Serializable;

/**
 * One image as its source holds it.
 *
 * @param id stable example id
 * @param name how messages call it: the file, or the file and the position in it
 * @param target what a network should answer
 * @param data encoded or decoded
 */
public record SourceImage(long id, String name, Target target, Data data) implements Serializable {
    /**
     * Makes an image whose target is a single class, or unknown.
     *
     * @param label class index; negative if nobody knows it
     */
    public SourceImage(long id, String name, int label, Data data) {
        this(id, name, Target.ofLabel(label), data);
    }

    /**
     * The class index.
     *
     * @throws IllegalStateException if the target is none
     */
    public int label() {
        if (target instanceof Target.ClassIndex single) {
            return single.index();
        }
        throw new IllegalStateException("The target of " + name + " is no class index: " + target);
    }

    /** The bytes of an image. */
    public sealed interface Data extends Serializable {
        /** A whole image file. */
        record Encoded(byte[] bytes) implements Data {}

        /** No bytes, for this reason. */
        record Unreadable(String reason) implements Data {}

        /** Unsigned bytes in CHW order. */
        record Pixels(ImageShape shape, byte[] bytes) implements Data {}

        /**
         * Takes the fields of the image struct that Spark's data source {@code image} makes.
         *
         * @param height rows
         * @param width columns
         * @param channels 1, 3 or 4
         * @param pixels {@code [height, width, channels]} unsigned bytes; channels are blue, green, red and perhaps
         *     alpha, which is dropped
         * @return {@link Pixels}, or {@link Unreadable} if the fields do not fit together
         */
        static Data ofSpark(int height, int width, int channels, byte[] pixels) {
            if (height < 1
                    || width < 1
                    || channels != 1 && channels != 3 && channels != 4
                    || pixels.length != (long) height * width * channels) {
                return new Unreadable("its struct says " + height + "x" + width + "x" + channels + " but holds "
                        + pixels.length + " bytes");
            }
            ImageShape shape = new ImageShape(channels == 1 ? 1 : 3, height, width);
            byte[] planes = new byte[shape.size()];
            int plane = height * width;
            for (int i = 0; i < plane; i++) {
                for (int channel = 0; channel < shape.channels(); channel++) {
                    planes[channel * plane + i] = pixels[i * channels + shape.channels() - 1 - channel];
                }
            }
            return new Pixels(shape, planes);
        }
    }
}
