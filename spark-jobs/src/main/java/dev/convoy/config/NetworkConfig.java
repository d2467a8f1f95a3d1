package dev.convoy.config;

import com.fasterxml.jackson.annotation.JsonFormat;
import dev.convoy.data.ConvoyException;
import dev.convoy.model.Loss;
import dev.convoy.model.NetworkSpec;
import dev.convoy.model.file.StartingWeights;
import dev.convoy.model.file.StartingWeights.Head;
import dev.convoy.model.layer.Initializer;
import dev.convoy.model.layer.LayerSpec;
import dev.convoy.model.zoo.NamedNetwork;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * {@code network}: a name, or an object.
 *
 * @param initFrom weights to start from, or a whole model; null to draw them
 * @param initPrefix taken off the names in a file of weights; null for nothing
 * @param initNames the network's names by those in a file of weights; null if they are the same
 */
public record NetworkConfig(
        String name,
        List<LayerSpec> layers,
        Loss loss,
        Initializer initializer,
        Double labelSmoothing,
        String initFrom,
        String initPrefix,
        Map<String, String> initNames,
        Head head,
        @JsonFormat(with = JsonFormat.Feature.ACCEPT_SINGLE_VALUE_AS_ARRAY) List<String> freeze) {
    public NetworkConfig {
        if (name != null && layers != null || name == null && layers == null && initFrom == null) {
            throw new ConvoyException("Cannot build a network with " + (name == null ? "neither" : "both")
                    + " a name and layers; set network to one of " + NamedNetwork.names()
                    + ", or network.layers to a list");
        }
        if (head != null && initFrom == null) {
            throw new ConvoyException("Cannot use network.head without weights to start from; set network.init-from,"
                    + " or leave network.head out");
        }
        head = head == null ? Head.KEEP : head;
    }

    /** How names in a file of weights become the network's. */
    public StartingWeights.Renaming renaming() {
        return new StartingWeights.Renaming(
                initPrefix == null ? "" : initPrefix, initNames == null ? Map.of() : initNames);
    }

    /** The network of {@link #name}; empty if it has none. */
    public Optional<NamedNetwork> known() {
        return Optional.ofNullable(name).map(NamedNetwork::of);
    }

    /**
     * The network for this many classes.
     *
     * @param model whose network it is if the configuration has neither name nor layers
     */
    public NetworkSpec spec(int classes, Optional<NetworkSpec> model) {
        return ConfigErrors.under("network", () -> changed(base(classes, model)));
    }

    private NetworkSpec base(int classes, Optional<NetworkSpec> model) {
        if (layers != null) {
            return new NetworkSpec(layers);
        }
        return known().map(network -> network.spec(classes))
                .or(() -> model.map(network -> head == Head.REPLACE ? network.withUnits(classes) : network))
                .orElseThrow(() -> new ConvoyException("Cannot tell the network from network.init-from = " + initFrom
                        + ", which has weights alone; set network.name or network.layers"));
    }

    private NetworkSpec changed(NetworkSpec spec) {
        return new NetworkSpec(
                spec.layers(),
                loss == null ? spec.loss() : loss,
                initializer == null ? spec.initializer() : initializer,
                labelSmoothing == null ? spec.labelSmoothing() : labelSmoothing,
                freeze == null ? List.of() : freeze);
    }

    /** Fails for values that make no network, as far as they can be told without a model that is started from. */
    void check() {
        if (layers != null || name != null) {
            spec(1, Optional.empty());
        }
    }
}
