package dev.convoy.model.backend.dl4j;

import com.fasterxml.jackson.databind.JsonNode;
import dev.convoy.data.ConvoyException;
import dev.convoy.data.ImageShape;
import dev.convoy.model.Loss;
import dev.convoy.model.NetworkSpec;
import dev.convoy.model.layer.LayerSpec;
import dev.convoy.model.layer.TensorShape;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Reads the {@code configuration.json} of a MultiLayerNetwork or a ComputationGraph as plain JSON: class names in it are
 * compared with those known here, and nothing is loaded by name.
 */
final class ConfigurationReader {
    private static final String GRAPH = "org.deeplearning4j.nn.conf.graph.";

    /**
     * A network in Convoy's words.
     *
     * @param stored in the order of the coefficients
     */
    record Description(NetworkSpec spec, List<LayerReader.Stored> stored) {}

    /**
     * A place in the graph: what lies between it and the place before.
     *
     * @param nesting how deep sums lie within sums up to here
     */
    private record Position(Position before, List<LayerSpec> layers, TensorShape shape, int nesting) {
        Position then(List<LayerSpec> more, int depth) {
            TensorShape next = shape;
            for (LayerSpec layer : more) {
                next = layer.output(next);
            }
            return new Position(this, more, next, depth);
        }

        /** The layers since an earlier place, in their order. */
        List<LayerSpec> since(Position start) {
            Deque<LayerSpec> all = new ArrayDeque<>();
            for (Position place = this; place != start; place = place.before) {
                for (int i = place.layers.size() - 1; i >= 0; i--) {
                    all.addFirst(place.layers.get(i));
                }
            }
            return List.copyOf(all);
        }
    }

    private static final int MAX_NESTING = 50;
    private static final int MAX_LAYERS = 10_000;

    /** Places inside a sum; nothing else may lead on from there. By identity, as all sets of places here. */
    private final Set<Position> inside = Collections.newSetFromMap(new IdentityHashMap<>());

    private final Position start;
    private final LayerReader layers;

    private final String file;

    private ConfigurationReader(String file, ImageShape input) {
        this.file = file;
        this.start = new Position(null, List.of(), TensorShape.Volume.of(input), 0);
        this.layers = new LayerReader(file);
    }

    /**
     * @throws ConvoyException naming the first thing that Convoy has nothing for, or that does not fit the input
     */
    static Description read(JsonNode json, String file, ImageShape input) {
        ConfigurationReader reader = new ConfigurationReader(file, input);
        try {
            return reader.read(json);
        } catch (ConvoyException e) {
            throw e.getMessage().contains(file)
                    ? e
                    : new ConvoyException(
                            "Cannot use the network in " + file + " on images of " + input + ", at its layer "
                                    + reader.layers.layersRead() + ": " + e.getMessage(),
                            e);
        }
    }

    private Description read(JsonNode json) {
        Position end;
        checkAge(json);
        if (Math.max(json.path("confs").size(), json.path("topologicalOrderStr").size()) > MAX_LAYERS) {
            throw layers.unknown("more than " + MAX_LAYERS + " layers");
        } else if (json.path("confs").isArray()) {
            end = sequence(json);
        } else if (json.path("vertices").isObject()) {
            end = graph(json);
        } else {
            throw layers.unknown("a configuration that is neither a MultiLayerNetwork's nor a ComputationGraph's");
        }
        Loss loss = layers.loss().orElseThrow(() -> layers.unknown("a network without an output layer"));
        return new Description(new NetworkSpec(end.since(start)).withLoss(loss), layers.stored());
    }

    /** Refuses files in which a layer is wrapped into an object under its name, instead of naming its class. */
    private void checkAge(JsonNode json) {
        JsonNode layer = json.path("confs").path(0).path("layer");
        if (layer.isObject() && !layer.has("@class") && layer.size() == 1) {
            throw new ConvoyException(
                    "Cannot read " + file + ": it was written by Deeplearning4j before 1.0.0-beta, in another"
                            + " format; load it there with a version from 1.0.0-beta7 on and save it again");
        }
    }

    private Position sequence(JsonNode json) {
        Position place = start;
        for (int i = 0; i < json.get("confs").size(); i++) {
            place = preprocess(place, json.path("inputPreProcessors").path(String.valueOf(i)));
            place = layer(place, json.get("confs").get(i));
        }
        return place;
    }

    private Position graph(JsonNode json) {
        if (!isSingle(json.path("networkInputs")) || !isSingle(json.path("networkOutputs"))) {
            throw layers.unknown("a graph with more than one input or output");
        }
        Map<String, Position> places = new HashMap<>();
        places.put(json.get("networkInputs").get(0).asText(), start);
        for (JsonNode name : json.path("topologicalOrderStr")) {
            JsonNode vertex = json.get("vertices").path(name.asText());
            if (!vertex.isMissingNode()) {
                List<Position> inputs = new ArrayList<>();
                for (JsonNode from : json.path("vertexInputs").path(name.asText())) {
                    inputs.add(required(places.get(from.asText()), from.asText()));
                }
                places.put(name.asText(), vertex(vertex, inputs));
            }
        }
        String output = json.get("networkOutputs").get(0).asText();
        return required(places.get(output), output);
    }

    private static boolean isSingle(JsonNode list) {
        return list.isArray() && list.size() == 1;
    }

    private Position required(Position place, String name) {
        if (inside.contains(place)) {
            throw layers.unknown("a graph where " + name + ", which lies inside a sum, leads elsewhere too");
        }
        if (place == null) {
            throw layers.unknown("a graph without an order in which " + name + " comes before what it leads to");
        }
        return place;
    }

    private Position vertex(JsonNode vertex, List<Position> inputs) {
        String name = layers.known(vertex, GRAPH);
        if (name.equals("ElementWiseVertex")
                && inputs.size() == 2
                && LayerReader.text(vertex, "op").equals("Add")) {
            return sum(inputs.get(0), inputs.get(1));
        } else if (name.equals("LayerVertex") && inputs.size() == 1) {
            Position place = preprocess(inputs.get(0), vertex.path("preProcessor"));
            return layer(place, vertex.path("layerConf"));
        } else if (name.equals("PreprocessorVertex") && inputs.size() == 1) {
            return preprocess(inputs.get(0), vertex.path("preProcessor"));
        }
        throw layers.unknown("the vertex " + name + " with " + inputs.size() + " inputs");
    }

    /** Adds two ways that part at the nearest place which both come from. */
    private Position sum(Position left, Position right) {
        Set<Position> before = Collections.newSetFromMap(new IdentityHashMap<>());
        for (Position place = right; place != null; place = place.before) {
            before.add(place);
        }
        Position fork = left;
        while (!before.contains(fork)) {
            fork = fork.before;
        }
        int nesting = 1 + Math.max(absorb(left, fork), absorb(right, fork));
        if (nesting > MAX_NESTING) {
            throw layers.unknown("more than " + MAX_NESTING + " sums within sums");
        }
        List<LayerSpec> body = left.since(fork);
        List<LayerSpec> shortcut = right.since(fork);
        LayerSpec sum =
                body.isEmpty() ? new LayerSpec.Residual(shortcut) : new LayerSpec.Residual(body).withShortcut(shortcut);
        return fork.then(List.of(sum), Math.max(fork.nesting, nesting));
    }

    /** Closes the way from a fork, and tells how deep sums nest on it. */
    private int absorb(Position end, Position fork) {
        int nesting = 0;
        for (Position place = end; place != fork; place = place.before) {
            inside.add(place);
            if (place.layers.stream().anyMatch(LayerSpec.Residual.class::isInstance)) {
                nesting = Math.max(nesting, place.nesting);
            }
        }
        return nesting;
    }

    private Position preprocess(Position place, JsonNode preprocessor) {
        return place.then(layers.preprocess(preprocessor, place.shape), place.nesting);
    }

    private Position layer(Position place, JsonNode conf) {
        return place.then(layers.read(conf, place.shape == start.shape), place.nesting);
    }
}
