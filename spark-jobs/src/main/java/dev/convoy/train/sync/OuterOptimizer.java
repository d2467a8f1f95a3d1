package dev.convoy.train.sync;

import dev.convoy.data.InvalidValueException;
import dev.convoy.model.Vector;
import java.io.Serializable;

/**
 * What parameter averaging does with the mean distance {@code d} that workers have moved in a round; {@code w} are the
 * parameters that the round began with, {@code v} the velocity.
 */
public sealed interface OuterOptimizer extends Serializable {
    /** Whether it remembers a velocity. */
    boolean hasVelocity();

    /**
     * One step.
     *
     * @param w parameters, changed
     * @param d mean distance, used up
     * @param v velocity, changed; not used unless {@link #hasVelocity}
     */
    void step(Vector w, Vector d, Vector v);

    private static void checkMomentum(double momentum) {
        if (!(momentum >= 0 && momentum < 1)) {
            throw new InvalidValueException("momentum", momentum, "it must be at least 0 and below 1");
        }
    }

    private static void checkRate(double rate) {
        if (!(rate > 0 && rate <= 10)) {
            throw new InvalidValueException("rate", rate, "it must be above 0 and at most 10");
        }
    }

    /** Plain averaging, {@code w += d}: R. McDonald, K. Hall and G. Mann, NAACL 2010. */
    record None() implements OuterOptimizer {
        @Override
        public boolean hasVelocity() {
            return false;
        }

        @Override
        public void step(Vector w, Vector d, Vector v) {
            w.add(1, d);
        }
    }

    /**
     * Blockwise model-update filtering, {@code v = m * v + d; w += r * v}: K. Chen and Q. Huo, ICASSP 2016. SlowMo (J. Wang
     * et al., ICLR 2020, algorithm 1) is the same as long as the learning rate stands still; it divides the distance by
     * the learning rate before and multiplies with it after.
     *
     * @param momentum 0.5 unless given: Chen and Huo take 1 - 1/N, which is right where N workers each pass over a share
     *     of the data in one block; Wang et al. find 0.4 to 0.8 best
     * @param rate 1 unless given, as in both papers
     */
    record Momentum(double momentum, double rate) implements OuterOptimizer {
        public Momentum {
            checkMomentum(momentum);
            checkRate(rate);
        }

        /** With the defaults. */
        public Momentum() {
            this(0.5, 1);
        }

        /** The velocity keeps another share of itself. */
        public Momentum withMomentum(double other) {
            return new Momentum(other, rate);
        }

        /** Steps have another length. */
        public Momentum withRate(double other) {
            return new Momentum(momentum, other);
        }

        @Override
        public boolean hasVelocity() {
            return true;
        }

        @Override
        public void step(Vector w, Vector d, Vector v) {
            w.add((float) rate, v.scale((float) momentum).add(1, d));
        }
    }

    /**
     * Nesterov's momentum on the distances, {@code v = m * v + d; w += r * (d + m * v)}: A. Douillard et al., "DiLoCo",
     * 2023, algorithm 1 with the outer optimizer that it finds best.
     *
     * @param momentum 0.9 unless given, as in the paper
     * @param rate 0.7 unless given, as in the paper
     */
    record Nesterov(double momentum, double rate) implements OuterOptimizer {
        public Nesterov {
            checkMomentum(momentum);
            checkRate(rate);
        }

        /** With the defaults. */
        public Nesterov() {
            this(0.9, 0.7);
        }

        /** The velocity keeps another share of itself. */
        public Nesterov withMomentum(double other) {
            return new Nesterov(other, rate);
        }

        /** Steps have another length. */
        public Nesterov withRate(double other) {
            return new Nesterov(momentum, other);
        }

        @Override
        public boolean hasVelocity() {
            return true;
        }

        @Override
        public void step(Vector w, Vector d, Vector v) {
            v.scale((float) momentum).add(1, d);
            w.add((float) rate, d).add((float) (rate * momentum), v);
        }
    }
}
