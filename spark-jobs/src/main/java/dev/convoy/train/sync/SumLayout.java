package dev.convoy.train.sync;

import java.io.Serializable;
import java.nio.FloatBuffer;

/**
 * What lies where in a contribution's one vector: gradient or distance, then the distances of the running statistics, then
 * the optimizer's slots.
 *
 * @param slots how many vectors of the optimizer travel along
 */
public record SumLayout(int parameters, int buffers, int slots) implements Serializable {
    public int length() {
        return Math.addExact(Math.multiplyExact(parameters, 1 + slots), buffers);
    }

    /** Where the distances of the running statistics begin; the update begins at 0. */
    int buffersAt() {
        return parameters;
    }

    /** Where one vector of the optimizer's memory begins. */
    int slotAt(int index) {
        return parameters + buffers + index * parameters;
    }

    public FloatBuffer update(FloatBuffer vector) {
        return vector.slice(0, parameters);
    }
}
