package dev.convoy.model.layer;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import dev.convoy.data.ConvoyException;
import java.io.Serializable;
import java.util.List;

/**
 * Rows and columns of a kernel or a stride; written as one number where both are equal, else as {@code [rows,
 * columns]}.
 */
public record Size2d(int height, int width) implements Serializable {
    public Size2d {
        if (height < 1 || width < 1) {
            throw new ConvoyException("Cannot use the size " + height + "x" + width + "; both must be at least 1");
        }
    }

    @JsonCreator
    static Size2d square(int size) {
        return new Size2d(size, size);
    }

    @JsonCreator
    static Size2d of(List<Integer> sizes) {
        if (sizes.size() != 2) {
            throw new ConvoyException("Cannot use the size " + sizes + "; give one number or [rows, columns]");
        }
        return new Size2d(sizes.get(0), sizes.get(1));
    }

    @JsonValue
    List<Integer> toList() {
        return List.of(height, width);
    }

    @Override
    public String toString() {
        return height + "x" + width;
    }
}
