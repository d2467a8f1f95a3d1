package dev.convoy.model;

import dev.convoy.data.ConvoyException;
import dev.convoy.data.ImageShape;
import java.io.Serializable;
import java.util.List;

/**
 * A network as the user writes it: its layers in order, what they are trained for and how they start.
 *
 * @param layers at least one
 * @param loss softmax cross-entropy unless given
 * @param initializer for layers that name none; {@link Initializer.He} unless given
 */
public record NetworkSpec(List<LayerSpec> layers, Loss loss, Initializer initializer) implements Serializable {
    public NetworkSpec {
        if (layers == null || layers.isEmpty()) {
            throw new ConvoyException("Cannot build a network without layers; set network.layers, or network to one of "
                    + NamedNetwork.names());
        }
        layers = List.copyOf(layers);
        loss = loss == null ? Loss.SOFTMAX_CROSS_ENTROPY : loss;
        initializer = initializer == null ? new Initializer.He() : initializer;
        LayerSpec last = layers.get(layers.size() - 1);
        if (last instanceof LayerSpec.Softmax && loss == Loss.SOFTMAX_CROSS_ENTROPY
                || last instanceof LayerSpec.Sigmoid && loss == Loss.BINARY_CROSS_ENTROPY) {
            throw new ConvoyException("Cannot end a network in " + last.stem() + " and train it with a cross-entropy"
                    + " that has it built in; leave the last layer out");
        }
    }

    /**
     * Infers every shape for this input.
     *
     * @throws ConvoyException if a layer does not fit, naming it, its input and what would fit
     */
    public Network bind(ImageShape input) {
        return Network.bind(this, input);
    }
}
