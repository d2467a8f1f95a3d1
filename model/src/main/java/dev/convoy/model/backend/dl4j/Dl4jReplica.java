package dev.convoy.model.backend.dl4j;

import dev.convoy.data.ImageBatch;
import dev.convoy.data.Normalization;
import dev.convoy.model.HeapVector;
import dev.convoy.model.Network;
import dev.convoy.model.ParameterLayout;
import dev.convoy.model.Vector;
import dev.convoy.model.backend.Replica;
import dev.convoy.model.backend.StepKey;
import dev.convoy.model.layer.LayerSpec;
import dev.convoy.model.layer.TensorShape;
import dev.convoy.model.layer.TensorSpec;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.DoubleSupplier;
import java.util.function.IntConsumer;
import java.util.stream.Collectors;
import org.deeplearning4j.nn.conf.dropout.IDropout;
import org.deeplearning4j.nn.conf.layers.ActivationLayer;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.LossLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * A {@link ComputationGraph} behind Convoy's vectors. The graph keeps its own flat vector, in another order of the same
 * blocks, so weights and gradients are copied block by block; vectors are on the Java heap.
 */
final class Dl4jReplica implements Replica {
    private final Network network;
    private final Normalization normalization;
    private final DataType precision;
    private final LogitLoss loss;
    private final ComputationGraph graph;
    private final FlatBuffer graphParameters;
    private final FlatBuffer graphGradient;
    private final List<GraphTensors.Block> parameterBlocks;
    private final List<GraphTensors.Block> bufferBlocks;
    private final HeapVector parameters;
    private final HeapVector buffers;
    private final HeapVector gradient;
    private final float[] batchStatistics;

    Dl4jReplica(Network network, Normalization normalization, DataType precision) {
        this.network = network;
        this.normalization = normalization;
        this.precision = precision;
        this.loss = new LogitLoss(network.spec().loss());
        this.graph = new ComputationGraph(GraphBuilder.build(network, new ReplicaParts(loss), precision));
        graph.init();
        graph.initGradientsView();
        this.graphParameters = new FlatBuffer(graph.params());
        this.graphGradient = new FlatBuffer(graph.getFlattenedGradients());
        ParameterLayout layout = network.layout();
        this.parameters = new HeapVector(layout.parameterCount());
        this.gradient = new HeapVector(layout.parameterCount());
        this.buffers = new HeapVector(layout.bufferCount());
        this.batchStatistics = new float[layout.bufferCount()];
        Map<Boolean, List<GraphTensors.Block>> blocks = GraphTensors.locate(graph, network).stream()
                .collect(Collectors.partitioningBy(block -> block.entry().isBuffer()));
        this.parameterBlocks = blocks.get(false);
        this.bufferBlocks = blocks.get(true);
    }

    /** Parts that the replica steers from outside. */
    private record ReplicaParts(LogitLoss loss) implements GraphBuilder.Parts {
        @Override
        public LossLayer lossLayer() {
            return new LossLayer.Builder(loss).activation(Activation.IDENTITY).build();
        }

        @Override
        public IDropout dropout(double rate) {
            return new KeyedDropout(rate);
        }

        /** With no memory of its own and statistics held at 0, the layer's "gradient" is the batch's statistics. */
        @Override
        public BatchNormalization.Builder batchNorm(LayerSpec.BatchNorm norm) {
            return new BatchNormalization.Builder().decay(0);
        }
    }

    @Override
    public Vector parameters() {
        return parameters;
    }

    @Override
    public Vector buffers() {
        return buffers;
    }

    @Override
    public Vector gradient() {
        return gradient;
    }

    @Override
    public Vector newVector(int length) {
        return new HeapVector(length);
    }

    @Override
    public DoubleSupplier propagate(ImageBatch batch, StepKey step, Optional<IntConsumer> finished) {
        write(parameterBlocks, parameters.values());
        write(bufferBlocks, new float[buffers.length()]);
        setFixedNorms();
        setDropout(step);
        loss.use(batch.weights());
        try (INDArray input = input(batch);
                INDArray targets = targets(batch)) {
            graph.setInputs(input);
            graph.setLabels(targets);
            graph.computeGradientAndScore();
            graph.clear();
        }
        readGradient();
        moveStatistics(batch.size());
        double sum = loss.lastSum();
        return () -> sum;
    }

    @Override
    public double[] outputs(ImageBatch batch) {
        write(parameterBlocks, parameters.values());
        write(bufferBlocks, buffers.values());
        setFixedNorms();
        try (INDArray input = input(batch);
                INDArray outputs = graph.outputSingle(false, input)) {
            return outputs.dup('c').data().asDouble();
        }
    }

    private INDArray input(ImageBatch batch) {
        long[] shape = {
            batch.size(),
            batch.shape().channels(),
            batch.shape().height(),
            batch.shape().width()
        };
        return array(normalization.apply(batch), shape);
    }

    private INDArray targets(ImageBatch batch) {
        return array(network.spec().trainingTargets(batch, network.outputs()), batch.size(), network.outputs());
    }

    private INDArray array(float[] values, long... shape) {
        INDArray array = Nd4j.createUninitialized(precision, shape, 'c');
        new FlatBuffer(array).write(0, values, 0, values.length);
        return array;
    }

    private void setDropout(StepKey step) {
        for (Network.Layer layer : network.allLayers()) {
            if (layer.spec() instanceof LayerSpec.Dropout) {
                KeyedDropout dropout = (KeyedDropout)
                        graph.getLayer(layer.name()).conf().getLayer().getIDropout();
                dropout.use(step.dropout(layer.index()));
            }
        }
    }

    private static boolean isFixedNorm(Network.Layer layer) {
        return layer.spec() instanceof LayerSpec.BatchNorm && layer.isFrozen();
    }

    private void setFixedNorms() {
        for (Network.Layer layer : network.allLayers()) {
            if (isFixedNorm(layer)) {
                double eps = ((LayerSpec.BatchNorm) layer.spec()).eps();
                float[] weight = part(parameters, layer.tensors().get(0));
                float[] bias = part(parameters, layer.tensors().get(1));
                float[] mean = part(buffers, layer.tensors().get(2));
                float[] variance = part(buffers, layer.tensors().get(3));
                for (int i = 0; i < weight.length; i++) {
                    weight[i] /= (float) Math.sqrt(variance[i] + eps);
                    bias[i] -= mean[i] * weight[i];
                }
                ActivationLayer conf =
                        (ActivationLayer) graph.getLayer(layer.name()).conf().getLayer();
                ((FixedNorm) conf.getActivationFn()).use(weight, bias);
            }
        }
    }

    private static float[] part(HeapVector vector, ParameterLayout.Entry entry) {
        return Arrays.copyOfRange(vector.values(), entry.offset(), entry.offset() + entry.size());
    }

    private void readGradient() {
        for (GraphTensors.Block block : parameterBlocks) {
            if (block.entry().tensor().role() != TensorSpec.Role.FROZEN) {
                read(block, gradient.values());
            }
        }
    }

    private void read(GraphTensors.Block block, float[] values) {
        graphGradient.read(
                block.graphOffset(),
                values,
                block.entry().offset(),
                block.entry().size());
    }

    private void write(List<GraphTensors.Block> blocks, float[] values) {
        for (GraphTensors.Block block : blocks) {
            graphParameters.write(
                    block.graphOffset(),
                    values,
                    block.entry().offset(),
                    block.entry().size());
        }
    }

    /**
     * Deeplearning4j hands a batch's mean and (biased) variance back as the gradient {@code statistic - batch}, and the
     * graph's statistics were 0.
     */
    private void moveStatistics(int batchSize) {
        for (GraphTensors.Block block : bufferBlocks) {
            read(block, batchStatistics);
        }
        for (Network.Layer layer : network.allLayers()) {
            if (layer.spec() instanceof LayerSpec.BatchNorm norm && !layer.isFrozen()) {
                long values = layer.input() instanceof TensorShape.Volume v
                        ? (long) batchSize * v.height() * v.width()
                        : batchSize;
                if (values > 1) {
                    float momentum = (float) norm.momentum();
                    move(layer.tensors().get(2), momentum, 1);
                    move(layer.tensors().get(3), momentum, (float) values / (values - 1));
                }
            }
        }
    }

    private void move(ParameterLayout.Entry statistic, float momentum, float correction) {
        float[] running = buffers.values();
        for (int i = statistic.offset(); i < statistic.offset() + statistic.size(); i++) {
            running[i] += momentum * (-batchStatistics[i] * correction - running[i]);
        }
    }

    @Override
    public void close() {
        graph.close();
    }
}
