package dev.convoy.model.backend.dl4j;

import com.fasterxml.jackson.databind.JsonNode;
import dev.convoy.data.ConvoyException;
import dev.convoy.data.ImageShape;
import dev.convoy.model.LayerSpec;
import dev.convoy.model.Loss;
import dev.convoy.model.NetworkSpec;
import dev.convoy.model.Padding;
import dev.convoy.model.Size2d;
import dev.convoy.model.TensorShape;
import java.math.BigDecimal;
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
    private static final String LAYERS = "org.deeplearning4j.nn.conf.layers.";
    private static final String GRAPH = "org.deeplearning4j.nn.conf.graph.";
    private static final String PREPROCESSORS = "org.deeplearning4j.nn.conf.preprocessor.";
    private static final String ACTIVATIONS = "org.nd4j.linalg.activations.impl.";
    private static final String LOSSES = "org.nd4j.linalg.lossfunctions.impl.";

    /**
     * A layer with weights.
     *
     * @param logDeviation whether its running variance is kept as the logarithm to base 10 of the deviation
     */
    record Stored(LayerSpec layer, boolean logDeviation) {}

    /**
     * A network in Convoy's words.
     *
     * @param stored in the order of the coefficients
     */
    record Description(NetworkSpec spec, List<Stored> stored) {}

    /**
     * A place in the graph: what lies between it and the place before.
     *
     * @param nesting how deep sums lie within sums up to here
     */
    private record Place(Place before, List<LayerSpec> layers, TensorShape shape, int nesting) {
        Place then(List<LayerSpec> more, int depth) {
            TensorShape next = shape;
            for (LayerSpec layer : more) {
                next = layer.output(next);
            }
            return new Place(this, more, next, depth);
        }

        /** The layers since an earlier place, in their order. */
        List<LayerSpec> since(Place start) {
            Deque<LayerSpec> all = new ArrayDeque<>();
            for (Place place = this; place != start; place = place.before) {
                for (int i = place.layers.size() - 1; i >= 0; i--) {
                    all.addFirst(place.layers.get(i));
                }
            }
            return List.copyOf(all);
        }
    }

    private static final int MAX_LAYERS = 10_000;
    private static final int MAX_NESTING = 50;

    /** Places inside a sum; nothing else may lead on from there. By identity, as all sets of places here. */
    private final Set<Place> inside = Collections.newSetFromMap(new IdentityHashMap<>());

    private int layersRead;
    private final String file;
    private final Place start;
    private final List<Stored> stored = new ArrayList<>();
    private Loss loss;

    private ConfigurationReader(String file, ImageShape input) {
        this.file = file;
        this.start = new Place(null, List.of(), TensorShape.Volume.of(input), 0);
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
                                    + reader.layersRead + ": " + e.getMessage(),
                            e);
        }
    }

    private Description read(JsonNode json) {
        Place end;
        if (json.path("confs").isArray()) {
            end = sequence(json);
        } else if (json.path("vertices").isObject()) {
            end = graph(json);
        } else {
            throw unknown("a configuration that is neither a MultiLayerNetwork's nor a ComputationGraph's");
        }
        if (loss == null) {
            throw unknown("a network without an output layer");
        }
        return new Description(new NetworkSpec(end.since(start), loss, null), stored);
    }

    private Place sequence(JsonNode json) {
        Place place = start;
        for (int i = 0; i < json.get("confs").size(); i++) {
            place = preprocess(place, json.path("inputPreProcessors").path(String.valueOf(i)));
            place = layer(place, json.get("confs").get(i));
        }
        return place;
    }

    private Place graph(JsonNode json) {
        if (json.path("networkInputs").size() != 1
                || json.path("networkOutputs").size() != 1) {
            throw unknown("a graph with more than one input or output");
        }
        Map<String, Place> places = new HashMap<>();
        places.put(json.get("networkInputs").get(0).asText(), start);
        for (JsonNode name : json.path("topologicalOrderStr")) {
            JsonNode vertex = json.get("vertices").path(name.asText());
            if (!vertex.isMissingNode()) {
                List<Place> inputs = new ArrayList<>();
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

    private Place required(Place place, String name) {
        if (inside.contains(place)) {
            throw unknown("a graph where " + name + ", which lies inside a sum, leads elsewhere too");
        }
        if (place == null) {
            throw unknown("a graph without an order in which " + name + " comes before what it leads to");
        }
        return place;
    }

    private Place vertex(JsonNode vertex, List<Place> inputs) {
        String name = known(vertex, GRAPH);
        if (name.equals("ElementWiseVertex")
                && inputs.size() == 2
                && text(vertex, "op").equals("Add")) {
            return sum(inputs.get(0), inputs.get(1));
        } else if (name.equals("LayerVertex") && inputs.size() == 1) {
            Place place = preprocess(inputs.get(0), vertex.path("preProcessor"));
            return layer(place, vertex.path("layerConf"));
        } else if (name.equals("PreprocessorVertex") && inputs.size() == 1) {
            return preprocess(inputs.get(0), vertex.path("preProcessor"));
        }
        throw unknown("the vertex " + name + " with " + inputs.size() + " inputs");
    }

    /** Two ways that part at the nearest place which both follow. */
    private Place sum(Place one, Place other) {
        Set<Place> others = Collections.newSetFromMap(new IdentityHashMap<>());
        for (Place place = other; place != null; place = place.before) {
            others.add(place);
        }
        Place fork = one;
        while (!others.contains(fork)) {
            fork = fork.before;
        }
        int nesting = 1 + Math.max(absorb(one, fork), absorb(other, fork));
        if (nesting > MAX_NESTING) {
            throw unknown("more than " + MAX_NESTING + " sums within sums");
        }
        List<LayerSpec> body = one.since(fork);
        List<LayerSpec> shortcut = other.since(fork);
        LayerSpec sum =
                body.isEmpty() ? new LayerSpec.Residual(shortcut, body) : new LayerSpec.Residual(body, shortcut);
        return fork.then(List.of(sum), Math.max(fork.nesting, nesting));
    }

    /** Closes the way from a fork, and tells how deep sums nest on it. */
    private int absorb(Place end, Place fork) {
        int nesting = 0;
        for (Place place = end; place != fork; place = place.before) {
            inside.add(place);
            if (place.layers.stream().anyMatch(LayerSpec.Residual.class::isInstance)) {
                nesting = Math.max(nesting, place.nesting);
            }
        }
        return nesting;
    }

    private Place preprocess(Place place, JsonNode preprocessor) {
        if (preprocessor.isMissingNode() || preprocessor.isNull()) {
            return place;
        }
        String name = known(preprocessor, PREPROCESSORS);
        require(preprocessor, "format", "NCHW");
        boolean toVector = name.equals("CnnToFeedForwardPreProcessor");
        if (!toVector && !name.equals("FeedForwardToCnnPreProcessor")) {
            throw unknown("the preprocessor " + name);
        }
        boolean volume = place.shape instanceof TensorShape.Volume;
        boolean pixels = preprocessor.path("inputHeight").asInt() == 1
                && preprocessor.path("inputWidth").asInt() == 1;
        if (!toVector && !volume && !pixels) {
            throw unknown("a vector that becomes a volume");
        }
        // An input that comes as a vector is a volume here from the start, and a vector is as good as single pixels.
        return toVector && volume ? place.then(List.of(new LayerSpec.Flatten()), place.nesting) : place;
    }

    private Place layer(Place place, JsonNode conf) {
        if (++layersRead > MAX_LAYERS) {
            throw unknown("more than " + MAX_LAYERS + " layers");
        }
        JsonNode layer = conf.path("layer");
        String name = known(layer, LAYERS);
        for (String format : List.of("cnn2dDataFormat", "cnn2DFormat")) {
            require(layer, format, "NCHW");
        }
        require(layer, "hasLayerNorm", "false");
        require(layer, "lockGammaBeta", "false");
        List<LayerSpec> layers = new ArrayList<>();
        boolean takesVector = name.equals("DenseLayer") || name.equals("OutputLayer");
        if (takesVector && place == start) {
            // Deeplearning4j takes such a network's images as vectors.
            layers.add(new LayerSpec.Flatten());
        }
        if (takesVector || name.equals("ConvolutionLayer") || name.equals("DropoutLayer")) {
            // The others have the key too, but pass it over.
            layers.addAll(dropout(layer));
        }
        boolean activated = true;
        switch (name) {
            case "ConvolutionLayer" -> layers.add(keep(new LayerSpec.Conv2d(
                    layer.path("nout").asInt(),
                    size(layer, "kernelSize"),
                    size(layer, "stride"),
                    padding(layer),
                    layer.path("hasBias").asBoolean(true),
                    null)));
            case "DenseLayer" -> layers.add(keep(dense(layer)));
            case "SubsamplingLayer" -> {
                layers.add(pool(layer));
                activated = false;
            }
            case "GlobalPoolingLayer" -> {
                require(layer, "poolingType", "AVG");
                require(layer, "collapseDimensions", "true");
                layers.add(new LayerSpec.GlobalAveragePool());
                activated = false;
            }
            case "BatchNormalization" -> {
                LayerSpec norm = new LayerSpec.BatchNorm(
                        rest(layer.path("decay").asDouble(0.9)),
                        layer.path("eps").asDouble(1e-5));
                stored.add(new Stored(norm, keepsLogDeviation(conf)));
                layers.add(norm);
                activated = false;
            }
            case "ActivationLayer" -> {}
            case "DropoutLayer" -> activated = false;
            case "OutputLayer", "LossLayer" -> {
                if (name.equals("OutputLayer")) {
                    layers.add(keep(dense(layer)));
                }
                loss = loss(layer);
                activated = loss == Loss.SQUARED_ERROR;
            }
            default -> throw unknown("the layer " + name);
        }
        if (activated) {
            layers.addAll(activation(layer));
        }
        return place.then(layers, place.nesting);
    }

    /** The names of the tensors tell; older files say it in a key. */
    private static boolean keepsLogDeviation(JsonNode conf) {
        for (JsonNode variable : conf.path("variables")) {
            if (variable.asText().equals("var")) {
                return false;
            }
        }
        return conf.path("layer").path("useLogStd").asBoolean(true);
    }

    private LayerSpec keep(LayerSpec layer) {
        stored.add(new Stored(layer, false));
        return layer;
    }

    private static LayerSpec dense(JsonNode layer) {
        return new LayerSpec.Dense(
                layer.path("nout").asInt(), layer.path("hasBias").asBoolean(true), null);
    }

    private LayerSpec pool(JsonNode layer) {
        Size2d kernel = size(layer, "kernelSize");
        Size2d stride = size(layer, "stride");
        return switch (text(layer, "poolingType")) {
            case "MAX" -> new LayerSpec.MaxPool(kernel, stride, padding(layer));
            case "AVG" -> {
                require(layer, "avgPoolIncludePadInDivisor", "false");
                yield new LayerSpec.AveragePool(kernel, stride, padding(layer));
            }
            default -> throw unknown("poolingType = " + text(layer, "poolingType"));
        };
    }

    private Padding padding(JsonNode layer) {
        JsonNode dilation = layer.path("dilation");
        if (dilation.isArray()
                && (dilation.path(0).asInt() != 1 || dilation.path(1).asInt() != 1)) {
            throw unknown("dilation = " + dilation);
        }
        String mode = text(layer, "convolutionMode");
        if (mode.equals("Same")) {
            return Padding.SAME;
        }
        int[] pixels = pair(layer, "padding");
        if (!mode.equals("Truncate") && !mode.equals("Strict") || pixels[0] != pixels[1]) {
            throw unknown("convolutionMode = " + mode + " with padding = " + layer.path("padding"));
        }
        return pixels[0] == 0 ? Padding.VALID : new Padding.Explicit(pixels[0]);
    }

    /** Deeplearning4j gives the probability of keeping, and drops a layer's input. */
    private List<LayerSpec> dropout(JsonNode layer) {
        JsonNode dropout = layer.path("idropout");
        if (dropout.isMissingNode() || dropout.isNull()) {
            return List.of();
        }
        String name = known(dropout, "org.deeplearning4j.nn.conf.dropout.");
        if (!name.equals("Dropout") || dropout.hasNonNull("pschedule")) {
            throw unknown("the dropout " + name);
        }
        return List.of(new LayerSpec.Dropout(rest(dropout.path("p").asDouble(1))));
    }

    /** What is left of 1, as a person would reckon it: 0.1 of 0.9. */
    private double rest(double share) {
        if (!Double.isFinite(share)) {
            throw unknown("a share of " + share);
        }
        return BigDecimal.ONE.subtract(BigDecimal.valueOf(share)).doubleValue();
    }

    private List<LayerSpec> activation(JsonNode layer) {
        JsonNode activation = layer.path("activationFn");
        String name = known(activation, ACTIVATIONS);
        return switch (name) {
            case "ActivationIdentity" -> List.of();
            case "ActivationReLU" -> {
                for (String bound : List.of("max", "negativeSlope", "threshold")) {
                    if (activation.path(bound).asDouble(0) != 0) {
                        throw unknown("ActivationReLU with " + bound + " = " + activation.get(bound));
                    }
                }
                yield List.of(new LayerSpec.Relu());
            }
            case "ActivationLReLU" -> List.of(
                    new LayerSpec.LeakyRelu(activation.path("alpha").asDouble(0.01)));
            case "ActivationSigmoid" -> List.of(new LayerSpec.Sigmoid());
            case "ActivationTanH" -> List.of(new LayerSpec.Tanh());
            case "ActivationSoftmax" -> List.of(new LayerSpec.Softmax());
            default -> throw unknown("the activation " + name);
        };
    }

    private Loss loss(JsonNode layer) {
        String lossName = known(layer.path("lossFn"), LOSSES);
        String activation = known(layer.path("activationFn"), ACTIVATIONS);
        if (layer.path("lossFn").hasNonNull("weights")) {
            throw unknown("a loss with weights");
        }
        boolean multiClass = lossName.equals("LossMCXENT") || lossName.equals("LossNegativeLogLikelihood");
        if (multiClass && activation.equals("ActivationSoftmax")) {
            return Loss.SOFTMAX_CROSS_ENTROPY;
        } else if (lossName.equals("LossBinaryXENT") && activation.equals("ActivationSigmoid")) {
            return Loss.BINARY_CROSS_ENTROPY;
        } else if (lossName.equals("LossMSE")) {
            return Loss.SQUARED_ERROR;
        }
        throw unknown("the loss " + lossName + " after " + activation);
    }

    private Size2d size(JsonNode layer, String key) {
        int[] sides = pair(layer, key);
        return new Size2d(sides[0], sides[1]);
    }

    private int[] pair(JsonNode layer, String key) {
        JsonNode pair = layer.path(key);
        if (!pair.isArray() || pair.size() != 2) {
            throw unknown(key + " = " + pair);
        }
        return new int[] {pair.get(0).asInt(), pair.get(1).asInt()};
    }

    private void require(JsonNode node, String key, String value) {
        if (node.hasNonNull(key) && !node.get(key).asText().equals(value)) {
            throw unknown(key + " = " + node.get(key).asText());
        }
    }

    private static String text(JsonNode node, String key) {
        return node.path(key).asText("");
    }

    /** The simple name of a node's class, which must be of this package. */
    private String known(JsonNode node, String prefix) {
        String name = text(node, "@class");
        if (!name.startsWith(prefix)) {
            throw unknown(name.isEmpty() ? "a part without a class" : "the class " + name);
        }
        return name.substring(prefix.length());
    }

    private ConvoyException unknown(String what) {
        return new ConvoyException("Cannot read configuration.json in " + file + ": Convoy has nothing for " + what
                + "; it reads sequences, and sums of two ways, of ConvolutionLayer, SubsamplingLayer, GlobalPoolingLayer,"
                + " BatchNormalization, DenseLayer, ActivationLayer, DropoutLayer, OutputLayer and LossLayer");
    }
}
