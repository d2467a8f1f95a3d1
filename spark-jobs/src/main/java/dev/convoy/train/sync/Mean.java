package dev.convoy.train.sync;

import dev.convoy.model.Vector;
import java.nio.FloatBuffer;

/**
 * The mean of a round's contributions, read from their sum.
 */
public final class Mean {
    /** A sum that is read piece by piece. */
    @FunctionalInterface
    public interface Sum {
        /** A piece of it, which can be read until the next one is asked for. */
        FloatBuffer piece(int from, int length);
    }

    private final Sum sum;
    private final SumLayout layout;
    private final double weight;

    /**
     * @param sum over all contributions, in which every example weighs one, as {@code layout} says
     * @param layout of the sum
     * @param weight the number of examples, above 0
     */
    public Mean(Sum sum, SumLayout layout, double weight) {
        this.sum = sum;
        this.layout = layout;
        this.weight = weight;
    }

    private float share() {
        return (float) (1 / weight);
    }

    /** Copies the mean gradient, or the mean distance of parameters, from a parameter on, as far as the target takes it. */
    public void update(int from, Vector target) {
        target.set(share(), sum.piece(from, target.length()));
    }

    /** Copies the mean distance of buffers. */
    public void buffers(Vector target) {
        target.set(share(), sum.piece(layout.buffersAt(), layout.buffers()));
    }

    /** Copies the mean of one vector of the optimizer's memory, from a parameter on, as far as the target takes it. */
    public void slot(int index, int from, Vector target) {
        target.set(share(), sum.piece(layout.slotAt(index) + from, target.length()));
    }
}
