package dev.convoy.model.backend.dl4j;

import dev.convoy.model.Network;
import dev.convoy.model.layer.LayerSpec;
import dev.convoy.model.layer.Padding;
import dev.convoy.model.layer.Size2d;
import dev.convoy.model.layer.TensorShape;
import java.util.List;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.dropout.IDropout;
import org.deeplearning4j.nn.conf.graph.ElementWiseVertex;
import org.deeplearning4j.nn.conf.graph.PreprocessorVertex;
import org.deeplearning4j.nn.conf.layers.ActivationLayer;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.DropoutLayer;
import org.deeplearning4j.nn.conf.layers.GlobalPoolingLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.LossLayer;
import org.deeplearning4j.nn.conf.layers.PoolingType;
import org.deeplearning4j.nn.conf.layers.SubsamplingLayer;
import org.deeplearning4j.nn.conf.preprocessor.CnnToFeedForwardPreProcessor;
import org.deeplearning4j.nn.conf.preprocessor.FeedForwardToCnnPreProcessor;
import org.deeplearning4j.nn.weights.WeightInit;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.activations.impl.ActivationLReLU;
import org.nd4j.linalg.activations.impl.ActivationReLU;
import org.nd4j.linalg.activations.impl.ActivationSigmoid;
import org.nd4j.linalg.activations.impl.ActivationSoftmax;
import org.nd4j.linalg.activations.impl.ActivationTanH;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.NoOp;

/** Writes a {@link Network} as a Deeplearning4j graph. */
final class GraphBuilder {
    private static final String INPUT = "input";
    private static final String LOSS = "loss";

    /** What differs between the graph of a replica and one for users of Deeplearning4j. */
    interface Parts {
        /** The graph's output layer, over the last layer's raw outputs. */
        LossLayer lossLayer();

        /**
         * @param rate the probability of 0
         */
        IDropout dropout(double rate);

        /** A builder that knows what becomes of running statistics; sizes and eps are set elsewhere. */
        BatchNormalization.Builder batchNorm(LayerSpec.BatchNorm norm);
    }

    private final ComputationGraphConfiguration.GraphBuilder graph;
    private final Parts parts;

    private GraphBuilder(ComputationGraphConfiguration.GraphBuilder graph, Parts parts) {
        this.graph = graph;
        this.parts = parts;
    }

    /** A graph that somebody else trains: Convoy has optimizers of its own. */
    static ComputationGraphConfiguration build(Network network, Parts parts, DataType precision) {
        return build(network, parts, precision, new NoOp(), 0);
    }

    /**
     * @param decay that the updater adds to the gradients of weights
     */
    static ComputationGraphConfiguration build(
            Network network, Parts parts, DataType precision, IUpdater updater, double decay) {
        ComputationGraphConfiguration.GraphBuilder graph = new NeuralNetConfiguration.Builder()
                .dataType(precision)
                .l2(decay)
                .weightInit(WeightInit.ZERO)
                .activation(Activation.IDENTITY)
                .updater(updater)
                .graphBuilder()
                .addInputs(INPUT);
        String last = new GraphBuilder(graph, parts).add(network.layers(), INPUT);
        return graph.addLayer(LOSS, parts.lossLayer(), last)
                .setOutputs(LOSS)
                .validateOutputLayerConfig(false)
                .build();
    }

    private String add(List<Network.Layer> layers, String previous) {
        String top = previous;
        for (Network.Layer layer : layers) {
            top = add(layer, top);
        }
        return top;
    }

    /** Puts a layer on top of the graph and names the new top. */
    private String add(Network.Layer layer, String previous) {
        String name = layer.name();
        if (layer.spec() instanceof LayerSpec.Flatten) {
            if (!(layer.input() instanceof TensorShape.Volume v)) {
                return previous;
            }
            graph.addVertex(name, toVector(v.channels(), v.height(), v.width()), previous);
            return name;
        }
        if (layer.spec() instanceof LayerSpec.Residual) {
            String body = add(layer.body(), previous);
            String shortcut = add(layer.shortcut(), previous);
            graph.addVertex(name, new ElementWiseVertex(ElementWiseVertex.Op.Add), body, shortcut);
            return name;
        }
        if (layer.spec() instanceof LayerSpec.BatchNorm
                && !layer.isFrozen()
                && layer.input() instanceof TensorShape.Flat flat) {
            // Over a vector, Deeplearning4j's layer fails on a batch of one; over a volume of single pixels it does
            // not.
            graph.addVertex(
                    name + "_volume",
                    new PreprocessorVertex(new FeedForwardToCnnPreProcessor(1, 1, flat.size())),
                    previous);
            graph.addLayer(name, layerOf(layer), name + "_volume");
            graph.addVertex(name + "_vector", toVector(flat.size(), 1, 1), name);
            return name + "_vector";
        }
        graph.addLayer(name, layerOf(layer), previous);
        return name;
    }

    private static PreprocessorVertex toVector(int channels, int height, int width) {
        return new PreprocessorVertex(new CnnToFeedForwardPreProcessor(height, width, channels));
    }

    private Layer layerOf(Network.Layer layer) {
        LayerSpec spec = layer.spec();
        if (spec instanceof LayerSpec.Conv2d conv) {
            return convolution(conv, ((TensorShape.Volume) layer.input()).channels());
        } else if (spec instanceof LayerSpec.MaxPool pool) {
            return pooling(PoolingType.MAX, pool);
        } else if (spec instanceof LayerSpec.AveragePool pool) {
            return pooling(PoolingType.AVG, pool);
        } else if (spec instanceof LayerSpec.GlobalAveragePool) {
            return new GlobalPoolingLayer.Builder(PoolingType.AVG).build();
        } else if (spec instanceof LayerSpec.Dense dense) {
            return new DenseLayer.Builder()
                    .nIn(layer.input().size())
                    .nOut(dense.units())
                    .hasBias(dense.bias())
                    .build();
        } else if (spec instanceof LayerSpec.BatchNorm && layer.isFrozen()) {
            return new ActivationLayer.Builder().activation(new FixedNorm()).build();
        } else if (spec instanceof LayerSpec.BatchNorm norm) {
            int channels = layer.tensors().get(0).size();
            return parts.batchNorm(norm)
                    .nIn(channels)
                    .nOut(channels)
                    .eps(norm.eps())
                    .useLogStd(false)
                    .build();
        } else if (spec instanceof LayerSpec.Dropout dropout) {
            return new DropoutLayer.Builder(parts.dropout(dropout.rate())).build();
        }
        return new ActivationLayer.Builder().activation(activation(spec)).build();
    }

    private static Layer convolution(LayerSpec.Conv2d conv, int channels) {
        ConvolutionLayer.Builder builder = new ConvolutionLayer.Builder(array(conv.kernel()), array(conv.stride()))
                .nIn(channels)
                .nOut(conv.filters())
                .hasBias(conv.bias())
                .convolutionMode(mode(conv.padding()));
        return (conv.padding() instanceof Padding.Explicit e ? builder.padding(e.pixels(), e.pixels()) : builder)
                .build();
    }

    private static Layer pooling(PoolingType type, LayerSpec.Windowed pool) {
        SubsamplingLayer.Builder builder = new SubsamplingLayer.Builder(type)
                .kernelSize(array(pool.kernel()))
                .stride(array(pool.stride()))
                .convolutionMode(mode(pool.padding()));
        return (pool.padding() instanceof Padding.Explicit e ? builder.padding(e.pixels(), e.pixels()) : builder)
                .build();
    }

    private static IActivation activation(LayerSpec spec) {
        if (spec instanceof LayerSpec.Sigmoid) {
            return new ActivationSigmoid();
        } else if (spec instanceof LayerSpec.Tanh) {
            return new ActivationTanH();
        } else if (spec instanceof LayerSpec.Relu) {
            return new ActivationReLU();
        } else if (spec instanceof LayerSpec.LeakyRelu leaky) {
            return new ActivationLReLU(leaky.slope());
        } else if (spec instanceof LayerSpec.Softmax) {
            return new ActivationSoftmax();
        }
        throw new IllegalStateException("The dl4j backend has no layer for " + spec);
    }

    private static ConvolutionMode mode(Padding padding) {
        // Truncate is the floor of the size formula.
        return padding instanceof Padding.Same ? ConvolutionMode.Same : ConvolutionMode.Truncate;
    }

    private static int[] array(Size2d size) {
        return new int[] {size.height(), size.width()};
    }
}
