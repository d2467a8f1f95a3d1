package dev.convoy.model.backend;

import dev.convoy.data.ConvoyException;
import dev.convoy.data.Normalization;
import dev.convoy.data.Printable;
import dev.convoy.model.Network;
import java.util.List;
import java.util.ServiceLoader;

/**
 * An engine that computes gradients. Found by {@link ServiceLoader} and chosen by name; an implementation has a public
 * constructor without arguments that loads no natives.
 */
public interface ComputeBackend {
    /** The name by which users choose the backend. */
    String name();

    /**
     * Fails if this backend lacks something that the network needs, without building it.
     *
     * @throws ConvoyException naming the layer or the setting, and what to do
     */
    void checkSupport(Network network, Placement placement);

    /**
     * Builds one network on one device. The calling thread becomes the replica's owner.
     *
     * @param network the layers
     * @param normalization applied to every batch on its way in
     * @throws ConvoyException if the device is not there or cannot be used, saying what is missing
     */
    Replica newReplica(Network network, Normalization normalization, Placement placement);

    /** A replica on the CPU, in single precision. */
    default Replica newReplica(Network network, Normalization normalization) {
        return newReplica(network, normalization, Placement.CPU);
    }

    /**
     * The error for natives that cannot be loaded.
     *
     * @param engine what they belong to
     * @param artifact that carries them
     */
    static ConvoyException nativesMissing(String engine, String artifact, Throwable cause) {
        Throwable root = cause;
        while (root.getCause() != null && !(root instanceof ConvoyException)) {
            root = root.getCause();
        }
        if (root instanceof ConvoyException known) {
            return known;
        }
        String reason = Printable.firstLine(root);
        return new ConvoyException(
                "Cannot load the natives of " + engine + " for " + System.getProperty("os.name") + " "
                        + System.getProperty("os.arch") + ": " + reason
                        + "; convoy.jar as it is built has them for Linux on"
                        + " x86-64, another platform needs those of the artifact " + artifact
                        + " on the class path (-Djavacpp.platform when building)",
                cause);
    }

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
                .orElseThrow(() -> new ConvoyException("Cannot use the backend " + name + "; on this class path are "
                        + all.stream().map(ComputeBackend::name).sorted().toList()));
    }
}
