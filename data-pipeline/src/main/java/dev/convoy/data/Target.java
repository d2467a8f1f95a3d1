package dev.convoy.data;

import java.io.Serializable;

/** What a network should answer for one example. */
public sealed interface Target extends Serializable {
    /** Of an image of which nobody knows what to answer. */
    Target UNKNOWN = new Dense(new float[0]);

    /**
     * The target of an image with a class index, or, if that is negative, {@link #UNKNOWN}.
     */
    static Target ofLabel(int label) {
        return label < 0 ? UNKNOWN : new ClassIndex(label);
    }

    /**
     * A single class.
     *
     * @param index position in the list of class names, from 0
     */
    record ClassIndex(int index) implements Target {
        public ClassIndex {
            if (index < 0) {
                throw new IllegalArgumentException("Cannot use class index " + index + "; it must be at least 0");
            }
        }
    }

    /**
     * One number per network output: soft labels, several labels at once, or values to regress.
     *
     * @param values not copied; must not be changed afterwards
     */
    record Dense(float[] values) implements Target {}

    /**
     * Two targets together, as mixed images have them.
     *
     * @param share of the first, from 0 to 1; the second has the rest
     */
    record Mixed(Target first, Target second, float share) implements Target {}
}
