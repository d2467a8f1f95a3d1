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
         * Makes what drops values.
         *
         * @param rate the probability of 0
         */
        IDropout dropout(double rate);

        /** Begins a layer that knows what becomes of running statistics; sizes and eps are set by the caller. */
        BatchNormalization.Builder batchNorm(LayerSpec.BatchNorm norm);
    }

    private final ComputationGraphConfiguration.GraphBuilder graph;
    private final Parts parts;

    private GraphBuilder(ComputationGraphConfiguration.GraphBuilder graph, Parts parts) {
        this.graph = graph;
        this.parts = parts;
    }

    /** Writes a graph without an updater, since Convoy's own optimizers train it. */
    static ComputationGraphConfiguration build(Network network, Parts parts, DataType precision) {
        return build(network, parts, precision, new NoOp(), 0);
    }

    /**
     * Writes a graph that Deeplearning4j trains.
     *
     * @param decay what weights are multiplied by, and the updater adds to their gradients
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
            top = layer.spec().accept(new Step(layer, top));
        }
        return top;
    }

    /** Puts one layer on top of the graph; every method returns the name of the new top. */
    private final class Step implements LayerSpec.Visitor<String> {
        private final Network.Layer layer;
        private final String previous;

        Step(Network.Layer layer, String previous) {
            this.layer = layer;
            this.previous = previous;
        }

        private String put(Layer conf) {
            graph.addLayer(layer.name(), conf, previous);
            return layer.name();
        }

        private String activate(IActivation activation) {
            return put(new ActivationLayer.Builder().activation(activation).build());
        }

        @Override
        public String conv2d(LayerSpec.Conv2d conv) {
            return put(convolution(conv, ((TensorShape.Volume) layer.input()).channels()));
        }

        @Override
        public String maxPool(LayerSpec.MaxPool pool) {
            return put(pooling(PoolingType.MAX, pool));
        }

        @Override
        public String averagePool(LayerSpec.AveragePool pool) {
            return put(pooling(PoolingType.AVG, pool));
        }

        @Override
        public String globalAveragePool(LayerSpec.GlobalAveragePool pool) {
            return put(new GlobalPoolingLayer.Builder(PoolingType.AVG).build());
        }

        @Override
        public String residual(LayerSpec.Residual block) {
            String body = add(layer.body(), previous);
            String shortcut = add(layer.shortcut(), previous);
            graph.addVertex(layer.name(), new ElementWiseVertex(ElementWiseVertex.Op.Add), body, shortcut);
            return layer.name();
        }

        @Override
        public String batchNorm(LayerSpec.BatchNorm norm) {
            if (layer.isFrozen()) {
                return activate(new FixedNorm());
            }
            int channels = layer.tensors().get(0).size();
            Layer conf = parts.batchNorm(norm)
                    .nIn(channels)
                    .nOut(channels)
                    .eps(norm.eps())
                    .useLogStd(false)
                    .build();
            if (layer.input() instanceof TensorShape.Volume) {
                return put(conf);
            }
            // Over a vector, Deeplearning4j's layer fails on a batch of one; over a volume of single pixels it does
            // not.
            String name = layer.name();
            PreprocessorVertex toVolume = new PreprocessorVertex(new FeedForwardToCnnPreProcessor(1, 1, channels));
            graph.addVertex(name + "_volume", toVolume, previous);
            graph.addLayer(name, conf, name + "_volume");
            graph.addVertex(name + "_vector", toVector(channels, 1, 1), name);
            return name + "_vector";
        }

        @Override
        public String dense(LayerSpec.Dense dense) {
            return put(new DenseLayer.Builder()
                    .nIn(layer.input().size())
                    .nOut(dense.units())
                    .hasBias(dense.bias())
                    .build());
        }

        @Override
        public String flatten(LayerSpec.Flatten flatten) {
            if (!(layer.input() instanceof TensorShape.Volume v)) {
                return previous;
            }
            graph.addVertex(layer.name(), toVector(v.channels(), v.height(), v.width()), previous);
            return layer.name();
        }

        @Override
        public String dropout(LayerSpec.Dropout dropout) {
            return put(new DropoutLayer.Builder(parts.dropout(dropout.rate())).build());
        }

        @Override
        public String sigmoid(LayerSpec.Sigmoid sigmoid) {
            return activate(new ActivationSigmoid());
        }

        @Override
        public String tanh(LayerSpec.Tanh tanh) {
            return activate(new ActivationTanH());
        }

        @Override
        public String relu(LayerSpec.Relu relu) {
            return activate(new ActivationReLU());
        }

        @Override
        public String leakyRelu(LayerSpec.LeakyRelu leaky) {
            return activate(new ActivationLReLU(leaky.slope()));
        }

        @Override
        public String softmax(LayerSpec.Softmax softmax) {
            return activate(new ActivationSoftmax());
        }
    }

    private static PreprocessorVertex toVector(int channels, int height, int width) {
        return new PreprocessorVertex(new CnnToFeedForwardPreProcessor(height, width, channels));
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

    private static ConvolutionMode mode(Padding padding) {
        // Truncate is the floor of the size formula.
        return padding instanceof Padding.Same ? ConvolutionMode.Same : ConvolutionMode.Truncate;
    }

    private static int[] array(Size2d size) {
        return new int[] {size.height(), size.width()};
    }
}
