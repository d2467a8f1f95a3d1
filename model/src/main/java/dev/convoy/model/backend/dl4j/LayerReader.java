package dev.convoy.model.backend.dl4j;

import com.fasterxml.jackson.databind.JsonNode;
import dev.convoy.data.ConvoyException;
import dev.convoy.model.Loss;
import dev.convoy.model.layer.LayerSpec;
import dev.convoy.model.layer.Padding;
import dev.convoy.model.layer.Size2d;
import dev.convoy.model.layer.TensorShape;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Turns single layers of a {@code configuration.json} into Convoy's, and remembers which of them hold weights. */
final class LayerReader {
    private static final String LAYERS = "org.deeplearning4j.nn.conf.layers.";
    private static final String PREPROCESSORS = "org.deeplearning4j.nn.conf.preprocessor.";
    private static final String ACTIVATIONS = "org.nd4j.linalg.activations.impl.";
    private static final String LOSSES = "org.nd4j.linalg.lossfunctions.impl.";

    /**
     * A layer with weights.
     *
     * @param logDeviation whether its running variance is kept as the logarithm to base 10 of the deviation
     */
    record Stored(LayerSpec layer, boolean logDeviation) {}

    private final String file;
    private final List<Stored> stored = new ArrayList<>();
    private Loss loss;
    private int layersRead;

    LayerReader(String file) {
        this.file = file;
    }

    /** The layers with weights, in the order in which they were read. */
    List<Stored> stored() {
        return stored;
    }

    /** What the output layer is trained for; empty if there was none. */
    Optional<Loss> loss() {
        return Optional.ofNullable(loss);
    }

    int layersRead() {
        return layersRead;
    }

    /** Gives the layers that do what a preprocessor does to a value of this shape; a missing one does nothing. */
    List<LayerSpec> preprocess(JsonNode preprocessor, TensorShape shape) {
        if (preprocessor.isMissingNode() || preprocessor.isNull()) {
            return List.of();
        }
        String name = known(preprocessor, PREPROCESSORS);
        require(preprocessor, "format", "NCHW");
        boolean toVector = name.equals("CnnToFeedForwardPreProcessor");
        if (!toVector && !name.equals("FeedForwardToCnnPreProcessor")) {
            throw unknown("the preprocessor " + name);
        }
        boolean volume = shape instanceof TensorShape.Volume;
        boolean pixels = preprocessor.path("inputHeight").asInt() == 1
                && preprocessor.path("inputWidth").asInt() == 1;
        if (!toVector && !volume && !pixels) {
            throw unknown("a vector that becomes a volume");
        }
        // An input that comes as a vector is a volume here from the start, and a vector is as good as single pixels.
        return toVector && volume ? List.of(new LayerSpec.Flatten()) : List.of();
    }

    /**
     * Reads a layer with its dropout and activation.
     *
     * @param first whether images come straight into it
     */
    List<LayerSpec> read(JsonNode conf, boolean first) {
        layersRead++;
        JsonNode layer = conf.path("layer");
        String name = known(layer, LAYERS);
        for (String format : List.of("cnn2dDataFormat", "cnn2DFormat")) {
            require(layer, format, "NCHW");
        }
        require(layer, "hasLayerNorm", "false");
        require(layer, "lockGammaBeta", "false");
        List<LayerSpec> layers = new ArrayList<>();
        boolean takesVector = name.equals("DenseLayer") || name.equals("OutputLayer");
        if (takesVector && first) {
            // Deeplearning4j takes such a network's images as vectors.
            layers.add(new LayerSpec.Flatten());
        }
        if (takesVector || name.equals("ConvolutionLayer") || name.equals("DropoutLayer")) {
            // The others have the key too, but pass it over.
            layers.addAll(dropout(layer));
        }
        layers.addAll(core(name, conf));
        if (isActivated(name)) {
            layers.addAll(activation(layer));
        }
        return layers;
    }

    /** Reads the layer without its dropout and activation. */
    private List<LayerSpec> core(String name, JsonNode conf) {
        JsonNode layer = conf.path("layer");
        return switch (name) {
            case "ConvolutionLayer" -> List.of(keep(convolution(layer), false));
            case "DenseLayer" -> List.of(keep(dense(layer), false));
            case "SubsamplingLayer" -> List.of(pool(layer));
            case "GlobalPoolingLayer" -> {
                require(layer, "poolingType", "AVG");
                require(layer, "collapseDimensions", "true");
                yield List.of(new LayerSpec.GlobalAveragePool());
            }
            case "BatchNormalization" -> List.of(keep(batchNorm(layer), keepsLogDeviation(conf)));
            case "ActivationLayer", "DropoutLayer" -> List.of();
            case "OutputLayer", "LossLayer" -> {
                loss = loss(layer);
                yield name.equals("OutputLayer") ? List.of(keep(dense(layer), false)) : List.of();
            }
            default -> throw unknown("the layer " + name);
        };
    }

    /** Whether a layer applies its activation: some kinds pass it over, and cross-entropies have it built in. */
    private boolean isActivated(String name) {
        return switch (name) {
            case "ConvolutionLayer", "DenseLayer", "ActivationLayer" -> true;
            case "OutputLayer", "LossLayer" -> loss == Loss.SQUARED_ERROR;
            default -> false;
        };
    }

    private LayerSpec batchNorm(JsonNode layer) {
        return new LayerSpec.BatchNorm()
                .withMomentum(rest(layer.path("decay").asDouble(0.9)))
                .withEps(layer.path("eps").asDouble(1e-5));
    }

    /** Whether the names of its tensors say so; older files say it in a key. */
    private static boolean keepsLogDeviation(JsonNode conf) {
        for (JsonNode variable : conf.path("variables")) {
            if (variable.asText().equals("var")) {
                return false;
            }
        }
        return conf.path("layer").path("useLogStd").asBoolean(true);
    }

    private LayerSpec keep(LayerSpec layer, boolean logDeviation) {
        stored.add(new Stored(layer, logDeviation));
        return layer;
    }

    private LayerSpec convolution(JsonNode layer) {
        LayerSpec.Conv2d convolution = new LayerSpec.Conv2d(layer.path("nout").asInt(), size(layer, "kernelSize"))
                .withStride(size(layer, "stride"))
                .withPadding(padding(layer));
        return hasBias(layer) ? convolution : convolution.withoutBias();
    }

    private static LayerSpec dense(JsonNode layer) {
        LayerSpec.Dense dense = new LayerSpec.Dense(layer.path("nout").asInt());
        return hasBias(layer) ? dense : dense.withoutBias();
    }

    private static boolean hasBias(JsonNode layer) {
        return layer.path("hasBias").asBoolean(true);
    }

    private LayerSpec pool(JsonNode layer) {
        Size2d kernel = size(layer, "kernelSize");
        Size2d stride = size(layer, "stride");
        return switch (text(layer, "poolingType")) {
            case "MAX" -> new LayerSpec.MaxPool(kernel).withStride(stride).withPadding(padding(layer));
            case "AVG" -> {
                require(layer, "avgPoolIncludePadInDivisor", "false");
                yield new LayerSpec.AveragePool(kernel).withStride(stride).withPadding(padding(layer));
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

    static String text(JsonNode node, String key) {
        return node.path(key).asText("");
    }

    /** The simple name of a node's class, which must be of this package. */
    String known(JsonNode node, String prefix) {
        String name = text(node, "@class");
        if (!name.startsWith(prefix)) {
            throw unknown(name.isEmpty() ? "a part without a class" : "the class " + name);
        }
        return name.substring(prefix.length());
    }

    ConvoyException unknown(String what) {
        return new ConvoyException("Cannot read configuration.json in " + file + ": Convoy has nothing for " + what
                + "; it reads sequences, and sums of two ways, of ConvolutionLayer, SubsamplingLayer, GlobalPoolingLayer,"
                + " BatchNormalization, DenseLayer, ActivationLayer, DropoutLayer, OutputLayer and LossLayer");
    }
}
