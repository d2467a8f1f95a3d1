package dev.convoy.model;

import dev.convoy.data.ConvoyException;
import dev.convoy.data.ImageBatch;
import dev.convoy.data.ImageShape;
import dev.convoy.data.InvalidValueException;
import dev.convoy.model.layer.Initializer;
import dev.convoy.model.layer.LayerSpec;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;

/**
 * A network as the user writes it: its layers in order, what they are trained for and how they start. The constructor takes layers
 * alone; everything else has a default, and a {@code with...} method that returns a changed copy.
 *
 * @param layers at least one
 * @param loss softmax cross-entropy unless set
 * @param initializer for layers that name none; {@link Initializer.He} unless set
 * @param labelSmoothing the share of each target that is spread evenly over all classes in training: C. Szegedy et al.,
 *     CVPR 2016; 0 unless set
 * @param freeze layers that training holds as they are, by name, a block's with all that is in it; {@code *} stands for
 *     any characters, {@code body} for every layer but the head; none unless set. Frozen batch normalisation uses its
 *     running statistics and leaves them alone.
 */
public record NetworkSpec(
        List<LayerSpec> layers, Loss loss, Initializer initializer, double labelSmoothing, List<String> freeze)
        implements Serializable {
    public NetworkSpec {
        layers = List.copyOf(layers);
        freeze = List.copyOf(freeze);
        if (layers.isEmpty()) {
            throw new InvalidValueException("layers", layers, "a network has at least one layer");
        }
        if (!(labelSmoothing >= 0 && labelSmoothing < 1)) {
            throw new InvalidValueException("labelSmoothing", labelSmoothing, "it must be at least 0 and below 1");
        }
        if (labelSmoothing > 0 && loss != Loss.SOFTMAX_CROSS_ENTROPY) {
            throw new InvalidValueException(
                    "labelSmoothing", labelSmoothing, "only the loss softmax-cross-entropy takes smoothed labels");
        }
    }

    /** A network that is trained with softmax cross-entropy, all of it, and starts as He et al. have it. */
    public NetworkSpec(List<LayerSpec> layers) {
        this(layers, Loss.SOFTMAX_CROSS_ENTROPY, new Initializer.He(), 0, List.of());
    }

    public NetworkSpec withLoss(Loss value) {
        return new NetworkSpec(layers, value, initializer, labelSmoothing, freeze);
    }

    public NetworkSpec withInitializer(Initializer value) {
        return new NetworkSpec(layers, loss, value, labelSmoothing, freeze);
    }

    public NetworkSpec withLabelSmoothing(double share) {
        return new NetworkSpec(layers, loss, initializer, share, freeze);
    }

    /** Freezes the layers of these names or patterns, and no others. */
    public NetworkSpec withFreeze(List<String> names) {
        return new NetworkSpec(layers, loss, initializer, labelSmoothing, names);
    }

    /**
     * Changes the number of units in the last layer.
     *
     * @throws ConvoyException if that is not a dense one
     */
    public NetworkSpec withUnits(int units) {
        List<LayerSpec> changed = new ArrayList<>(layers);
        if (!(changed.remove(changed.size() - 1) instanceof LayerSpec.Dense dense)) {
            throw new ConvoyException("Cannot replace the head of a network that does not end in a dense layer; write"
                    + " the network layer by layer");
        }
        changed.add(dense.withUnits(units));
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
     * @throws ConvoyException if a layer does not fit, naming it, its input and what would fit; or if the last layer is
     *     built into the loss
     */
    public Network bind(ImageShape input) {
        LayerSpec last = layers.get(layers.size() - 1);
        if (last instanceof LayerSpec.Softmax && loss == Loss.SOFTMAX_CROSS_ENTROPY
                || last instanceof LayerSpec.Sigmoid && loss == Loss.BINARY_CROSS_ENTROPY) {
            throw new ConvoyException("Cannot end a network in " + last.stem() + " and train it with a cross-entropy"
                    + " that has it built in; leave the last layer out");
        }
        return Network.bind(this, input);
    }
}
