package dev.convoy.model;

import dev.convoy.data.ConvoyException;
import java.io.IOException;
import java.util.Optional;
import java.util.Set;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/** Weights from elsewhere to start from, instead of freshly drawn ones. */
public final class StartingWeights {
    /** What becomes of the last layer with weights. */
    public enum Head {
        /** It starts as the file says. */
        KEEP,
        /** It starts freshly drawn, for other classes than the file's. */
        REPLACE
    }

    private StartingWeights() {}

    /**
     * Puts the tensors of a safetensors file into a state. Names are Convoy's, or torchvision's for a network that
     * torchvision has.
     *
     * @param known the network's name, if it has one
     * @param fresh what everything else is taken from; not changed
     * @throws ConvoyException if the file is not there or malformed, or naming every tensor that is missing, misshapen or
     *     superfluous
     */
    public static ModelState read(
            FileSystem files, Path file, Network network, Optional<NamedNetwork> known, Head head, ModelState fresh)
            throws IOException {
        NamedTensors tensors = NamedTensors.read(
                files, file, "set network.init-from to a file of weights, a model's" + " folder or a run directory");
        Set<ParameterLayout.Entry> left =
                head == Head.REPLACE ? Set.copyOf(network.head().tensors()) : Set.of();
        float[] parameters = fresh.parameters().clone();
        float[] buffers = fresh.buffers().clone();
        try {
            tensors.fill(
                    network, name -> known.map(of -> of.torchvisionName(name)).orElse(name), left, parameters, buffers);
        } catch (ConvoyException e) {
            throw new ConvoyException(
                    e.getMessage() + "; give the network that the weights belong to"
                            + (head == Head.KEEP
                                    ? ", or set network.head = replace if only its last layer differs"
                                    : ""),
                    e);
        }
        return new ModelState(parameters, buffers, fresh.optimizer(), fresh.progress());
    }
}
