package dev.convoy.model.layer;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import dev.convoy.data.ConvoyException;
import dev.convoy.data.CounterRandom;
import java.io.Serializable;

/** How the weights of a layer start. Biases start at 0. */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "type")
@JsonSubTypes({
    @JsonSubTypes.Type(value = Initializer.Normal.class, name = "normal"),
    @JsonSubTypes.Type(value = Initializer.Xavier.class, name = "xavier"),
    @JsonSubTypes.Type(value = Initializer.He.class, name = "he")
})
public sealed interface Initializer extends Serializable {
    /**
     * One weight.
     *
     * @param random the layer's own numbers
     * @param index position in the weight tensor
     * @param fanIn inputs that reach one output
     * @param fanOut outputs that one input reaches
     */
    float draw(CounterRandom random, long index, int fanIn, int fanOut);

    /**
     * Normal.
     *
     * @param mean 0 unless given
     * @param std the standard deviation, 0.1 unless given
     */
    record Normal(Double mean, Double std) implements Initializer {
        public Normal {
            mean = mean == null ? 0.0 : mean;
            std = std == null ? 0.1 : std;
            if (!Double.isFinite(mean) || !(std >= 0) || Double.isInfinite(std)) {
                throw new ConvoyException("Cannot start weights from a normal distribution with mean = " + mean
                        + ", std = " + std + "; the mean must be finite and the deviation at least 0");
            }
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
