package dev.convoy.model;

import dev.convoy.data.ConvoyException;
import dev.convoy.data.ImageBatch;
import dev.convoy.data.ImageShape;
import dev.convoy.model.layer.Initializer;
import dev.convoy.model.layer.LayerSpec;
import dev.convoy.model.zoo.NamedNetwork;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;

/**
 * A network as the user writes it: its layers in order, what they are trained for and how they start.
 *
 * @param layers at least one
 * @param loss softmax cross-entropy unless given
 * @param initializer for layers that name none; {@link Initializer.He} unless given
 * @param labelSmoothing the share of each target that is spread evenly over all classes in training: C. Szegedy et al.,
 *     CVPR 2016; 0 unless given
 * @param freeze layers that training holds as they are, by name, a block's with all that is in it; {@code *} stands for
 *     any characters, {@code body} for every layer but the head; none unless given. Frozen batch normalisation uses its
 *     running statistics and leaves them alone.
 */
public record NetworkSpec(
        List<LayerSpec> layers, Loss loss, Initializer initializer, Double labelSmoothing, List<String> freeze)
        implements Serializable {
    public NetworkSpec {
        freeze = freeze == null ? List.of() : List.copyOf(freeze);
        labelSmoothing = labelSmoothing == null ? 0 : labelSmoothing;
        if (!(labelSmoothing >= 0 && labelSmoothing < 1)) {
            throw new ConvoyException(
                    "Cannot use network.label-smoothing = " + labelSmoothing + "; it must be at least 0 and below 1");
        }
        if (labelSmoothing > 0 && loss != null && loss != Loss.SOFTMAX_CROSS_ENTROPY) {
            throw new ConvoyException("Cannot smooth labels for another loss than softmax-cross-entropy; leave out"
                    + " network.label-smoothing");
        }
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

    /** Without label smoothing, nothing frozen. */
    public NetworkSpec(List<LayerSpec> layers, Loss loss, Initializer initializer) {
        this(layers, loss, initializer, 0.0, List.of());
    }

    /**
     * The same with another number of units in its last layer.
     *
     * @throws ConvoyException if that is not a dense one
     */
    public NetworkSpec withUnits(int units) {
        List<LayerSpec> changed = new ArrayList<>(layers);
        if (!(changed.remove(changed.size() - 1) instanceof LayerSpec.Dense dense)) {
            throw new ConvoyException(
                    "Cannot replace the head of a network that does not end in a dense layer; write the"
                            + " network in network.layers");
        }
        changed.add(new LayerSpec.Dense(units, dense.bias(), dense.initializer()));
        return new NetworkSpec(changed, loss, initializer, labelSmoothing, freeze);
    }

    /**
     * The targets that training sees.
     *
     * @return {@code [size, outputs]}, row-major
     */
    public float[] trainingTargets(ImageBatch batch, int outputs) {
        float[] targets = batch.denseTargets(outputs);
        if (labelSmoothing > 0) {
            for (int i = 0; i < targets.length; i++) {
                targets[i] = (float) (targets[i] * (1 - labelSmoothing) + labelSmoothing / outputs);
            }
        }
        return targets;
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
