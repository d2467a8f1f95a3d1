package dev.convoy.model.file;

import dev.convoy.data.ConvoyException;
import dev.convoy.model.ModelState;
import dev.convoy.model.Network;
import dev.convoy.model.NetworkSpec;
import dev.convoy.model.ParameterLayout;
import dev.convoy.model.zoo.NamedNetwork;
import java.io.IOException;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/** Weights to start from, instead of freshly drawn ones. */
public final class StartingWeights {
    /** What becomes of the head, the last layer with weights. */
    public enum Head {
        /** The head starts with the weights of the file. */
        KEEP,
        /** The head starts with freshly drawn weights, for other classes than the file's. */
        REPLACE
    }

    private final NamedTensors tensors;
    private final Optional<NetworkSpec> network;

    private StartingWeights(NamedTensors tensors, Optional<NetworkSpec> network) {
        this.tensors = tensors;
        this.network = network;
    }

    /**
     * Reads the tensors of a safetensors file. Names are Convoy's, or torchvision's for a network that torchvision has.
     *
     * @throws ConvoyException if the file is not there or malformed
     */
    public static StartingWeights read(FileSystem files, Path file) throws IOException {
        return read(files, file, Renaming.NONE);
    }

    /**
     * How the names of a file become those of the network.
     *
     * @param prefix taken off where a name begins with it, as {@code module.}
     * @param names other names, by those in the file, the prefix being taken off
     */
    public record Renaming(String prefix, Map<String, String> names) {
        /** Leaves names as they are. */
        public static final Renaming NONE = new Renaming("", Map.of());

        private String apply(String name) {
            String rest = name.startsWith(prefix) ? name.substring(prefix.length()) : name;
            return names.getOrDefault(rest, rest);
        }
    }

    /** Reads the tensors of a safetensors file and gives them other names. */
    public static StartingWeights read(FileSystem files, Path file, Renaming renaming) throws IOException {
        NamedTensors tensors =
                NamedTensors.read(files, file, "give a run directory, a model's folder or a file of weights");
        return new StartingWeights(tensors.renamed(renaming::apply), Optional.empty());
    }

    /**
     * The weights of a whole network.
     *
     * @param origin how messages call it
     * @param parameters in the canonical layout
     * @param buffers in the canonical layout
     */
    public static StartingWeights of(String origin, Network network, float[] parameters, float[] buffers) {
        return new StartingWeights(NamedTensors.of(origin, network, parameters, buffers), Optional.of(network.spec()));
    }

    /** The network that the weights came with, if they did. */
    public Optional<NetworkSpec> network() {
        return network;
    }

    /**
     * Puts the weights into a state.
     *
     * @param known the network's name, if it has one
     * @param fresh what everything else is taken from; not changed
     * @throws ConvoyException naming every tensor that is missing, misshapen or superfluous
     */
    public ModelState putInto(Network target, Optional<NamedNetwork> known, Head head, ModelState fresh) {
        Set<ParameterLayout.Entry> left =
                head == Head.REPLACE ? Set.copyOf(target.head().tensors()) : Set.of();
        float[] parameters = fresh.parameters().clone();
        float[] buffers = fresh.buffers().clone();
        try {
            tensors.match(
                            target,
                            name -> known.map(of -> of.torchvisionName(name)).orElse(name),
                            left)
                    .copyTo(parameters, buffers);
        } catch (ConvoyException e) {
            throw new ConvoyException(
                    e.getMessage() + "; give the network that the weights belong to"
                            + (head == Head.KEEP ? ", or replace the head if only the last layer differs" : ""),
                    e);
        }
        return new ModelState(parameters, buffers);
    }
}
