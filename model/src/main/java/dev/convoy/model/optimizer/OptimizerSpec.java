package dev.convoy.model.optimizer;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import dev.convoy.data.ConvoyException;
import dev.convoy.model.Vector;
import dev.convoy.model.layer.TensorSpec;
import java.io.Serializable;
import java.util.List;
import java.util.stream.Stream;

/**
 * How a gradient changes the parameters. Formulas are written once, over {@link Vector}; {@code w} are the parameters,
 * {@code g} the gradient of the mean loss, {@code r} the learning rate. Weight decay acts only where {@link
 * TensorSpec.Role#DECAYED}; but for AdamW it is added to the gradient ({@code g + decay * w}).
 */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "type")
@JsonSubTypes({
    @JsonSubTypes.Type(value = OptimizerSpec.Sgd.class, name = "sgd"),
    @JsonSubTypes.Type(value = OptimizerSpec.Momentum.class, name = "momentum"),
    @JsonSubTypes.Type(value = OptimizerSpec.Nesterov.class, name = "nesterov"),
    @JsonSubTypes.Type(value = OptimizerSpec.Adam.class, name = "adam"),
    @JsonSubTypes.Type(value = OptimizerSpec.AdamW.class, name = "adamw")
})
public sealed interface OptimizerSpec extends Serializable {
    /** How many vectors it remembers. */
    int slotCount();

    /**
     * One step.
     *
     * @param w parameters, changed
     * @param g gradient, used up
     * @param slots {@link #slotCount} vectors, changed
     * @param decayed 1 where weight decay acts, else 0
     * @param rate the learning rate of this step
     * @param step counts from 1 since the slots were zero
     */
    void step(Vector w, Vector g, List<Vector> slots, Vector decayed, double rate, long step);

    /** Zeroed memory for this many parameters. */
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

    private static double checkDecay(Double decay, double otherwise) {
        double value = decay == null ? otherwise : decay;
        if (!(value >= 0 && value < 1)) {
            throw new ConvoyException(
                    "Cannot use optimizer.weight-decay = " + value + "; it must be at least 0 and below 1");
        }
        return value;
    }

    private static double checkShare(String key, Double share, double otherwise) {
        double value = share == null ? otherwise : share;
        if (!(value >= 0 && value < 1)) {
            throw new ConvoyException(
                    "Cannot use optimizer." + key + " = " + value + "; it must be at least 0 and below 1");
        }
        return value;
    }

    private static double checkEps(Double eps) {
        double value = eps == null ? 1e-8 : eps;
        if (!(value > 0 && Double.isFinite(value))) {
            throw new ConvoyException("Cannot use optimizer.eps = " + value + "; it must be above 0, and finite");
        }
        return value;
    }

    /** Stochastic gradient descent, {@code w -= r * g}: H. Robbins and S. Monro, 1951. */
    record Sgd(Double weightDecay) implements OptimizerSpec {
        public Sgd {
            weightDecay = checkDecay(weightDecay, 0);
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
     * @param momentum 0.9 unless given
     */
    record Momentum(Double momentum, Double weightDecay) implements OptimizerSpec {
        public Momentum {
            momentum = checkShare("momentum", momentum, 0.9);
            weightDecay = checkDecay(weightDecay, 0);
        }

        @Override
        public int slotCount() {
            return 1;
        }

        @Override
        public void step(Vector w, Vector g, List<Vector> slots, Vector decayed, double rate, long step) {
            decayIntoGradient(weightDecay, w, g, decayed);
            Vector v = slots.get(0).scale(momentum.floatValue()).add(1, g);
            w.add((float) -rate, v);
        }
    }

    /**
     * Nesterov's accelerated gradient, {@code v = m * v + g; w -= r * (g + m * v)}: Y. Nesterov, 1983, as I. Sutskever et
     * al., ICML 2013, rewrote it, in PyTorch's form.
     *
     * @param momentum 0.9 unless given
     */
    record Nesterov(Double momentum, Double weightDecay) implements OptimizerSpec {
        public Nesterov {
            momentum = checkShare("momentum", momentum, 0.9);
            weightDecay = checkDecay(weightDecay, 0);
        }

        @Override
        public int slotCount() {
            return 1;
        }

        @Override
        public void step(Vector w, Vector g, List<Vector> slots, Vector decayed, double rate, long step) {
            decayIntoGradient(weightDecay, w, g, decayed);
            Vector v = slots.get(0).scale(momentum.floatValue()).add(1, g);
            w.add((float) -rate, g).add((float) (-rate * momentum), v);
        }
    }

    /**
     * D. Kingma and J. Ba, "Adam: a method for stochastic optimization", ICLR 2015, algorithm 1: {@code m = b1 * m + (1 -
     * b1) * g; v = b2 * v + (1 - b2) * g^2; w -= r * (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + eps)}.
     *
     * @param beta1 0.9 unless given
     * @param beta2 0.999 unless given
     * @param eps 1e-8 unless given
     */
    record Adam(Double beta1, Double beta2, Double eps, Double weightDecay) implements OptimizerSpec {
        public Adam {
            beta1 = checkShare("beta1", beta1, 0.9);
            beta2 = checkShare("beta2", beta2, 0.999);
            eps = checkEps(eps);
            weightDecay = checkDecay(weightDecay, 0);
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
            Vector m = slots.get(0).scale(beta1.floatValue()).add((float) (1 - beta1), g);
            Vector v = slots.get(1).scale(beta2.floatValue()).addProduct((float) (1 - beta2), g, g);
            double factor = -rate / (1 - Math.pow(beta1, step));
            double scale = 1 / (1 - Math.pow(beta2, step));
            w.addOverRoot((float) factor, m, (float) scale, v, eps.floatValue());
        }
    }

    /**
     * Adam with weight decay apart from the gradient: I. Loshchilov and F. Hutter, "Decoupled weight decay regularization",
     * ICLR 2019, algorithm 2, the decay being scaled by the learning rate as PyTorch does: {@code w -= r * decay * w},
     * then Adam.
     *
     * @param beta1 0.9 unless given
     * @param beta2 0.999 unless given
     * @param eps 1e-8 unless given
     * @param weightDecay 0.01 unless given
     */
    record AdamW(Double beta1, Double beta2, Double eps, Double weightDecay) implements OptimizerSpec {
        public AdamW {
            beta1 = checkShare("beta1", beta1, 0.9);
            beta2 = checkShare("beta2", beta2, 0.999);
            eps = checkEps(eps);
            weightDecay = checkDecay(weightDecay, 0.01);
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
