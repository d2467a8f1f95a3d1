package dev.convoy.model.backend.torch;

import dev.convoy.model.Network;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Where going backwards makes stops, so that parts of the gradient are there before the whole: before layers of the network, and of
 * the bodies of its residual blocks. Behind a stop lie all parameters from an offset on, and no others.
 */
final class GradientCuts {
    /** How many floats of a gradient are worth a stop. */
    private static final int PART = 1 << 16;

    /** By the layer's index: the offset of its first parameter if a cut is before it, else 0. */
    private final int[] offsets;

    /** Where the part begins that was cut off last. */
    private int end;

    private GradientCuts(Network network) {
        this.offsets = new int[network.allLayers().size()];
        this.end = network.layout().parameterCount();
    }

    /** Cuts from the last layer on, as gradients come, so that each part has at least {@link #PART} floats. */
    static GradientCuts of(Network network) {
        GradientCuts cuts = new GradientCuts(network);
        int offset = cuts.end;
        List<Network.Layer> layers = network.layers();
        for (int i = layers.size() - 1; i >= 0; i--) {
            boolean within = cuts.cutBody(layers.get(i), offset);
            offset -= layers.get(i).parameterCount();
            if (i > 0) {
                cuts.cut(layers.get(i), offset, within);
            }
        }
        return cuts;
    }

    /**
     * Cuts between the layers of a block's body; behind such a cut the block's shortcut lies too.
     *
     * @param end where the block's parameters end
     * @return whether there is a cut; one before the block is needed then, since gradients come to its input by two ways
     */
    private boolean cutBody(Network.Layer block, int end) {
        int offset = end - parameters(block.shortcut());
        boolean any = false;
        for (int i = block.body().size() - 1; i > 0; i--) {
            offset -= block.body().get(i).parameterCount();
            any |= cut(block.body().get(i), offset, false);
        }
        return any;
    }

    private boolean cut(Network.Layer layer, int offset, boolean needed) {
        if (end - offset < PART && !needed) {
            return false;
        }
        offsets[layer.index()] = offset;
        end = offset;
        return offset > 0;
    }

    private static int parameters(List<Network.Layer> layers) {
        return layers.stream().mapToInt(Network.Layer::parameterCount).sum();
    }

    boolean isEmpty() {
        return IntStream.of(offsets).allMatch(offset -> offset == 0);
    }

    /** Whether a cut is before the layer. */
    boolean isBefore(Network.Layer layer) {
        return offsets[layer.index()] > 0;
    }

    /** The offset of the first parameter behind the cut before a layer. */
    int offset(Network.Layer layer) {
        return offsets[layer.index()];
    }
}
