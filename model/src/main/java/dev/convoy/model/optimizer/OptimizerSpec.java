package dev.convoy.model.optimizer;

import dev.convoy.data.InvalidValueException;
import dev.convoy.model.Vector;
import dev.convoy.model.layer.TensorSpec;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * How a gradient changes the parameters. Formulas are written once, over {@link Vector}; {@code w} are the parameters,
 * {@code g} the gradient of the mean loss, {@code r} the learning rate. Weight decay acts only where {@link
 * TensorSpec.Role#DECAYED}; for all but AdamW it is added to the gradient ({@code g + decay * w}).
 */
public sealed interface OptimizerSpec extends Serializable {
    /** How many vectors the optimizer keeps from step to step. */
    int slotCount();

    /**
     * Takes one step, which changes each value by itself alone.
     *
     * @param w parameters, changed
     * @param g gradient, used up
     * @param slots {@link #slotCount} vectors, changed
     * @param decayed 1 where weight decay acts, else 0
     * @param rate the learning rate of this step
     * @param step counts from 1 since the slots were zero
     */
    void step(Vector w, Vector g, List<Vector> slots, Vector decayed, double rate, long step);

    /** Takes one step, as {@link #step} does, going over memory once. */
    default void stepInTiles(Vector w, Vector g, List<Vector> slots, Vector decayed, double rate, long step) {
        List<Vector> others = new ArrayList<>(List.of(g, decayed));
        others.addAll(slots);
        w.forEachTile(
                others,
                List.of(),
                (tiles, from) ->
                        step(tiles.get(0), tiles.get(1), tiles.subList(3, tiles.size()), tiles.get(2), rate, step));
    }

    /** Makes zeroed memory for this many parameters. */
    default OptimizerState initialState(int parameters) {
        return new OptimizerState(
                0,
                Stream.generate(() -> new float[parameters]).limit(slotCount()).toList());
    }

    private static void decayIntoGradient(double decay, Vector w, Vector g, Vector decayed) {
        if (decay != 0) {
            g.addProduct((float) decay, decayed, w);
        }
    }

    private static void requireShare(String property, double value) {
        if (!(value >= 0 && value < 1)) {
            throw new InvalidValueException(property, value, "it must be at least 0 and below 1");
        }
    }

    private static void requireEps(double eps) {
        if (!(eps > 0 && Double.isFinite(eps))) {
            throw new InvalidValueException("eps", eps, "it must be above 0, and finite");
        }
    }

    /**
     * Stochastic gradient descent, {@code w -= r * g}: H. Robbins and S. Monro, 1951.
     *
     * @param weightDecay 0 unless set
     */
    record Sgd(double weightDecay) implements OptimizerSpec {
        public Sgd {
            requireShare("weightDecay", weightDecay);
        }

        public Sgd() {
            this(0);
        }

        public Sgd withWeightDecay(double value) {
            return new Sgd(value);
        }

        @Override
        public int slotCount() {
            return 0;
        }

        @Override
        public void step(Vector w, Vector g, List<Vector> slots, Vector decayed, double rate, long step) {
            decayIntoGradient(weightDecay, w, g, decayed);
            w.add((float) -rate, g);
        }
    }

    /**
     * Classical momentum, {@code v = m * v + g; w -= r * v}: B. Polyak, 1964, in the form of I. Sutskever et al., ICML
     * 2013, with the rate outside as PyTorch has it.
     *
     * @param momentum 0.9 unless set
     * @param weightDecay 0 unless set
     */
    record Momentum(double momentum, double weightDecay) implements OptimizerSpec {
        public Momentum {
            requireShare("momentum", momentum);
            requireShare("weightDecay", weightDecay);
        }

        public Momentum() {
            this(0.9, 0);
        }

        public Momentum withMomentum(double value) {
            return new Momentum(value, weightDecay);
        }

        public Momentum withWeightDecay(double value) {
            return new Momentum(momentum, value);
        }

        @Override
        public int slotCount() {
            return 1;
        }

        @Override
        public void step(Vector w, Vector g, List<Vector> slots, Vector decayed, double rate, long step) {
            decayIntoGradient(weightDecay, w, g, decayed);
            Vector v = slots.get(0).scale((float) momentum).add(1, g);
            w.add((float) -rate, v);
        }
    }

    /**
     * Nesterov's accelerated gradient, {@code v = m * v + g; w -= r * (g + m * v)}: Y. Nesterov, 1983, as I. Sutskever et
     * al., ICML 2013, rewrote it, in PyTorch's form.
     *
     * @param momentum 0.9 unless set
     * @param weightDecay 0 unless set
     */
    record Nesterov(double momentum, double weightDecay) implements OptimizerSpec {
        public Nesterov {
            requireShare("momentum", momentum);
            requireShare("weightDecay", weightDecay);
        }

        public Nesterov() {
            this(0.9, 0);
        }

        public Nesterov withMomentum(double value) {
            return new Nesterov(value, weightDecay);
        }

        public Nesterov withWeightDecay(double value) {
            return new Nesterov(momentum, value);
        }

        @Override
        public int slotCount() {
            return 1;
        }

        @Override
        public void step(Vector w, Vector g, List<Vector> slots, Vector decayed, double rate, long step) {
            decayIntoGradient(weightDecay, w, g, decayed);
            Vector v = slots.get(0).scale((float) momentum).add(1, g);
            w.add((float) -rate, g).add((float) (-rate * momentum), v);
        }
    }

    /**
     * D. Kingma and J. Ba, "Adam: a method for stochastic optimization", ICLR 2015, algorithm 1: {@code m = b1 * m + (1 -
     * b1) * g; v = b2 * v + (1 - b2) * g^2; w -= r * (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + eps)}.
     *
     * @param beta1 0.9 unless set
     * @param beta2 0.999 unless set
     * @param eps 1e-8 unless set
     * @param weightDecay 0 unless set
     */
    record Adam(double beta1, double beta2, double eps, double weightDecay) implements OptimizerSpec {
        public Adam {
            requireShare("beta1", beta1);
            requireShare("beta2", beta2);
            requireEps(eps);
            requireShare("weightDecay", weightDecay);
        }

        public Adam() {
            this(0.9, 0.999, 1e-8, 0);
        }

        public Adam withBeta1(double value) {
            return new Adam(value, beta2, eps, weightDecay);
        }

        public Adam withBeta2(double value) {
            return new Adam(beta1, value, eps, weightDecay);
        }

        public Adam withEps(double value) {
            return new Adam(beta1, beta2, value, weightDecay);
        }

        public Adam withWeightDecay(double value) {
            return new Adam(beta1, beta2, eps, value);
        }

        @Override
        public int slotCount() {
            return 2;
        }

        @Override
        public void step(Vector w, Vector g, List<Vector> slots, Vector decayed, double rate, long step) {
            decayIntoGradient(weightDecay, w, g, decayed);
            adam(w, g, slots, rate, step);
        }

        void adam(Vector w, Vector g, List<Vector> slots, double rate, long step) {
            Vector m = slots.get(0).scale((float) beta1).add((float) (1 - beta1), g);
            Vector v = slots.get(1).scale((float) beta2).addProduct((float) (1 - beta2), g, g);
            double factor = -rate / (1 - Math.pow(beta1, step));
            double scale = 1 / (1 - Math.pow(beta2, step));
            w.addOverRoot((float) factor, m, (float) scale, v, (float) eps);
        }
    }

    /**
     * Adam with weight decay apart from the gradient: I. Loshchilov and F. Hutter, "Decoupled weight decay regularization",
     * ICLR 2019, algorithm 2, the decay being scaled by the learning rate as PyTorch does: {@code w -= r * decay * w},
     * then Adam.
     *
     * @param beta1 0.9 unless set
     * @param beta2 0.999 unless set
     * @param eps 1e-8 unless set
     * @param weightDecay 0.01 unless set
     */
    record AdamW(double beta1, double beta2, double eps, double weightDecay) implements OptimizerSpec {
        public AdamW {
            requireShare("beta1", beta1);
            requireShare("beta2", beta2);
            requireEps(eps);
            requireShare("weightDecay", weightDecay);
        }

        public AdamW() {
            this(0.9, 0.999, 1e-8, 0.01);
        }

        public AdamW withBeta1(double value) {
            return new AdamW(value, beta2, eps, weightDecay);
        }

        public AdamW withBeta2(double value) {
            return new AdamW(beta1, value, eps, weightDecay);
        }

        public AdamW withEps(double value) {
            return new AdamW(beta1, beta2, value, weightDecay);
        }

        public AdamW withWeightDecay(double value) {
            return new AdamW(beta1, beta2, eps, value);
        }

        @Override
        public int slotCount() {
            return 2;
        }

        @Override
        public void step(Vector w, Vector g, List<Vector> slots, Vector decayed, double rate, long step) {
            w.addProduct((float) (-rate * weightDecay), decayed, w);
            new Adam(beta1, beta2, eps, 0.0).adam(w, g, slots, rate, step);
        }
    }
}
