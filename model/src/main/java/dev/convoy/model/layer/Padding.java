package dev.convoy.model.layer;

import dev.convoy.data.InvalidValueException;
import java.io.Serializable;

/** How a window meets the border of its input. */
// Java initializes its records without the interface, as this has no default methods.
@SuppressWarnings("ClassInitializationDeadlock")
public sealed interface Padding extends Serializable {
    /** Output is {@code ceil(input / stride)}; zeros all round, an odd one at the bottom and right (TensorFlow's rule). */
    Padding SAME = new Same();

    /** No padding. */
    Padding VALID = new Explicit(0);

    /** The only value is {@link #SAME}. */
    record Same() implements Padding {}

    /**
     * This many zeros on each side.
     *
     * @param pixels at least 0
     */
    record Explicit(int pixels) implements Padding {
        public Explicit {
            if (pixels < 0) {
                throw new InvalidValueException("pixels", pixels, "it must be at least 0");
            }
        }
    }

    /**
     * How many windows fit along one axis: {@code floor((input - kernel + 2 * padding) / stride) + 1}, or {@code
     * ceil(input / stride)} for {@code same}.
     *
     * @return 0 or less if not even one fits
     */
    default int outputSize(int input, int kernel, int stride) {
        if (this instanceof Explicit e) {
            return Math.floorDiv(input - kernel + 2 * e.pixels, stride) + 1;
        }
        return (input + stride - 1) / stride;
    }
}
