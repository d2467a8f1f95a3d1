package dev.convoy.train.allreduce;

import dev.convoy.collective.Collective;
import dev.convoy.model.Vector;
import dev.convoy.train.worker.GradientConsumer;
import java.nio.FloatBuffer;

/** Brings parts of one gradient to the other ranks while the rest is still computed, from the last layer to the first. */
final class GradientOverlap implements GradientConsumer {
    private final Vector gradient;
    private final Collective collective;
    private final int rank;
    private final boolean inPlace;
    private int rest;

    /**
     * @param inPlace whether the gradient lies where the collective looks for it
     */
    GradientOverlap(Vector gradient, Collective collective, int rank, boolean inPlace) {
        this.inPlace = inPlace;
        this.gradient = gradient;
        this.collective = collective;
        this.rank = rank;
        this.rest = gradient.length();
    }

    @Override
    public void submit(long weight, int offset) {
        if (!inPlace) {
            FloatBuffer target = collective.vector(rank);
            gradient.get(offset, rest - offset, target.position(offset));
        }
        rest = offset;
        collective.submit(weight, offset);
    }

    /** The number of values that were not submitted, from the first parameter on. */
    int rest() {
        return rest;
    }
}
