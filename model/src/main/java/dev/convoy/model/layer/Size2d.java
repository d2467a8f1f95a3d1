package dev.convoy.model.layer;

import dev.convoy.data.InvalidValueException;
import java.io.Serializable;

/**
 * The size of a kernel or a stride.
 *
 * @param height rows, at least 1
 * @param width columns, at least 1
 */
public record Size2d(int height, int width) implements Serializable {
    public Size2d {
        if (height < 1) {
            throw new InvalidValueException("height", height, "it must be at least 1");
        }
        if (width < 1) {
            throw new InvalidValueException("width", width, "it must be at least 1");
        }
    }

    /** A size of as many rows as columns. */
    public static Size2d square(int size) {
        return new Size2d(size, size);
    }

    @Override
    public String toString() {
        return height + "x" + width;
    }
}
