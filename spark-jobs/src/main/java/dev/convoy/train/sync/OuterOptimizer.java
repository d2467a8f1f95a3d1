package dev.convoy.train.sync;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import dev.convoy.data.InvalidValueException;
import dev.convoy.model.Vector;
import java.io.Serializable;

/**
 * What parameter averaging does with the mean distance {@code d} that workers have moved in a round; {@code w} are the
 * parameters that the round began with, {@code v} the velocity.
 */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "type")
@JsonSubTypes({
    @JsonSubTypes.Type(value = OuterOptimizer.None.class, name = "none"),
    @JsonSubTypes.Type(value = OuterOptimizer.Momentum.class, name = "momentum"),
    @JsonSubTypes.Type(value = OuterOptimizer.Nesterov.class, name = "nesterov")
})
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

    private static double checkMomentum(Double momentum, double otherwise) {
        double value = momentum == null ? otherwise : momentum;
        if (!(value >= 0 && value < 1)) {
            throw new InvalidValueException("momentum", value, "it must be at least 0 and below 1");
        }
        return value;
    }

    private static double checkRate(Double rate, double otherwise) {
        double value = rate == null ? otherwise : rate;
        if (!(value > 0 && value <= 10)) {
            throw new InvalidValueException("rate", value, "it must be above 0 and at most 10");
        }
        return value;
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
    record Momentum(Double momentum, Double rate) implements OuterOptimizer {
        public Momentum {
            momentum = checkMomentum(momentum, 0.5);
            rate = checkRate(rate, 1);
        }

        @Override
        public boolean hasVelocity() {
            return true;
        }

        @Override
        public void step(Vector w, Vector d, Vector v) {
            w.add(rate.floatValue(), v.scale(momentum.floatValue()).add(1, d));
        }
    }

    /**
     * Nesterov's momentum on the distances, {@code v = m * v + d; w += r * (d + m * v)}: A. Douillard et al., "DiLoCo",
     * 2023, algorithm 1 with the outer optimizer that it finds best.
     *
     * @param momentum 0.9 unless given, as in the paper
     * @param rate 0.7 unless given, as in the paper
     */
    record Nesterov(Double momentum, Double rate) implements OuterOptimizer {
        public Nesterov {
            momentum = checkMomentum(momentum, 0.9);
            rate = checkRate(rate, 0.7);
        }

        @Override
        public boolean hasVelocity() {
            return true;
        }

        @Override
        public void step(Vector w, Vector d, Vector v) {
            v.scale(momentum.floatValue()).add(1, d);
            w.add(rate.floatValue(), d).add((float) (rate * momentum), v);
        }
    }
}
