package dev.convoy.model.layer;

import dev.convoy.data.CounterRandom;
import dev.convoy.data.InvalidValueException;
import java.io.Serializable;

/** How the weights of a layer start. Biases start at 0. */
public sealed interface Initializer extends Serializable {
    /**
     * Draws one weight.
     *
     * @param random the layer's own numbers
     * @param index position in the weight tensor
     * @param fanIn inputs that reach one output
     * @param fanOut outputs that one input reaches
     */
    float draw(CounterRandom random, long index, int fanIn, int fanOut);

    /**
     * Numbers of a normal distribution.
     *
     * @param mean finite; 0 unless set
     * @param std the standard deviation, finite and at least 0; 0.1 unless set
     */
    record Normal(double mean, double std) implements Initializer {
        public Normal {
            if (!Double.isFinite(mean)) {
                throw new InvalidValueException("mean", mean, "it must be finite");
            }
            if (!(std >= 0) || Double.isInfinite(std)) {
                throw new InvalidValueException("std", std, "it must be at least 0, and finite");
            }
        }

        public Normal() {
            this(0, 0.1);
        }

        @Override
        public float draw(CounterRandom random, long index, int fanIn, int fanOut) {
            return (float) (mean + std * random.normal(index));
        }
    }

    /**
     * Uniform in {@code +-sqrt(6 / (fanIn + fanOut))}: X. Glorot and Y. Bengio, "Understanding the difficulty of training
     * deep feedforward neural networks", AISTATS 2010.
     */
    record Xavier() implements Initializer {
        @Override
        public float draw(CounterRandom random, long index, int fanIn, int fanOut) {
            return (float) ((2 * random.uniform(index) - 1) * Math.sqrt(6.0 / (fanIn + fanOut)));
        }
    }

    /**
     * Normal with deviation {@code sqrt(2 / fanIn)}: K. He et al., "Delving deep into rectifiers", ICCV 2015.
     */
    record He() implements Initializer {
        @Override
        public float draw(CounterRandom random, long index, int fanIn, int fanOut) {
            return (float) (random.normal(index) * Math.sqrt(2.0 / fanIn));
        }
    }
}
