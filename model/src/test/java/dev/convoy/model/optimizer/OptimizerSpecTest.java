package dev.convoy.model.optimizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.convoy.model.HeapVector;
import dev.convoy.model.Vector;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Every optimizer against its published formula, one scalar in double precision, over 20 steps. */
class OptimizerSpecTest {
    private static final double RATE = 0.05;
    private static final double DECAY = 0.02;

    /** One scalar's published update: takes w and g of step t (from 1) and gives the new w. */
    private interface Scalar {
        double step(double w, double g, int t);
    }

    @Test
    void sgd() {
        check(new OptimizerSpec.Sgd(DECAY), (w, g, t) -> w - RATE * (g + DECAY * w));
    }

    @Test
    void momentum() {
        double[] v = {0};
        check(new OptimizerSpec.Momentum(0.8, DECAY), (w, g, t) -> {
            v[0] = 0.8 * v[0] + g + DECAY * w;
            return w - RATE * v[0];
        });
    }

    /**
     * Nesterov's own form (the gradient is taken ahead, at y) is w' = y - r * g(y), y' = w' + m * (w' - w); here y is what
     * the network holds, so the update of y must follow from it.
     */
    @Test
    void nesterov() {
        double[] previous = {Double.NaN};
        check(new OptimizerSpec.Nesterov(0.8, 0.0), (y, g, t) -> {
            double before = t == 1 ? y : previous[0];
            double w = y - RATE * g;
            previous[0] = w;
            return w + 0.8 * (w - before);
        });
    }

    @Test
    void adam() {
        double[] m = {0};
        double[] v = {0};
        check(new OptimizerSpec.Adam(0.9, 0.99, 1e-8, DECAY), (w, g, t) -> {
            double gradient = g + DECAY * w;
            m[0] = 0.9 * m[0] + 0.1 * gradient;
            v[0] = 0.99 * v[0] + 0.01 * gradient * gradient;
            double mHat = m[0] / (1 - Math.pow(0.9, t));
            double vHat = v[0] / (1 - Math.pow(0.99, t));
            return w - RATE * mHat / (Math.sqrt(vHat) + 1e-8);
        });
    }

    @Test
    void adamW() {
        double[] m = {0};
        double[] v = {0};
        check(new OptimizerSpec.AdamW(0.9, 0.99, 1e-8, DECAY), (w, g, t) -> {
            m[0] = 0.9 * m[0] + 0.1 * g;
            v[0] = 0.99 * v[0] + 0.01 * g * g;
            double mHat = m[0] / (1 - Math.pow(0.9, t));
            double vHat = v[0] / (1 - Math.pow(0.99, t));
            return w - RATE * DECAY * w - RATE * mHat / (Math.sqrt(vHat) + 1e-8);
        });
    }

    /** Minimises (w - 3)^2, with a gradient that depends on w so that errors would add up. */
    private static void check(OptimizerSpec optimizer, Scalar published) {
        HeapVector w = HeapVector.over(new float[] {1, 1});
        HeapVector decayed = HeapVector.over(new float[] {1, 0});
        List<Vector> slots = optimizer.initialState(2).slots().stream()
                .<Vector>map(HeapVector::over)
                .toList();
        double expected = 1;
        for (int t = 1; t <= 20; t++) {
            float[] now = w.values();
            HeapVector g = HeapVector.over(new float[] {2 * (now[0] - 3), 2 * (now[1] - 3)});
            optimizer.step(w, g, slots, decayed, RATE, t);
            expected = published.step(expected, 2 * (expected - 3), t);
            assertThat((double) w.values()[0]).as("step %d", t).isCloseTo(expected, within(2e-5));
        }
        assertThat(w.values()[0] == w.values()[1])
                .as("weight decay acts on the first value alone")
                .isEqualTo(optimizer instanceof OptimizerSpec.Nesterov);
    }

    @Test
    void valuesOutOfRangeAreRefused() {
        assertThatThrownBy(() -> new OptimizerSpec.Momentum().withMomentum(1.0)).hasMessageContaining("momentum = 1.0");
        assertThatThrownBy(() -> new OptimizerSpec.Adam().withBeta2(-0.1)).hasMessageContaining("beta2 = -0.1");
        assertThatThrownBy(() -> new OptimizerSpec.Sgd(-1.0)).hasMessageContaining("weightDecay = -1.0");
    }
}
