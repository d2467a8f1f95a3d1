package dev.convoy.model;

import java.io.Serializable;

/**
 * What a network has learned, in the canonical layout of {@link ParameterLayout}. Arrays are not copied and must not be changed.
 *
 * @param parameters trained values
 * @param buffers running statistics
 */
public record ModelState(float[] parameters, float[] buffers) implements Serializable {
    /** Whether every parameter and every running statistic is finite. */
    public boolean isFinite() {
        return HeapVector.over(parameters).isFinite()
                && HeapVector.over(buffers).isFinite();
    }
}
