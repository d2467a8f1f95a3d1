package dev.convoy.model.backend;

import dev.convoy.data.ConvoyException;
import dev.convoy.data.Normalization;
import dev.convoy.model.Network;
import java.util.List;
import java.util.ServiceLoader;

/**
 * An engine that computes gradients. Found by {@link ServiceLoader} and chosen by name; an implementation has a public
 * constructor without arguments that loads no natives.
 */
public interface ComputeBackend {
    /** What {@code backend.name} calls it. */
    String name();

    /**
     * Fails if this backend lacks something that the network needs, without building it.
     *
     * @throws ConvoyException naming the layer, and what to do
     */
    void checkSupport(Network network);

    /**
     * Builds one network on one device. The calling thread becomes the replica's owner.
     *
     * @param network the layers
     * @param normalization applied to every batch on its way in
     */
    Replica newReplica(Network network, Normalization normalization);

    /**
     * The backend of this name.
     *
     * @throws ConvoyException if there is none, listing those on the class path
     */
    static ComputeBackend named(String name) {
        List<ComputeBackend> all = ServiceLoader.load(ComputeBackend.class).stream()
                .map(ServiceLoader.Provider::get)
                .toList();
        return all.stream()
                .filter(backend -> backend.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new ConvoyException("Cannot use backend.name = " + name + "; on this class path are "
                        + all.stream().map(ComputeBackend::name).sorted().toList()));
    }
}
