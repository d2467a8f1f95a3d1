package dev.convoy.model.backend.dl4j;

import dev.convoy.data.ConvoyException;
import dev.convoy.data.ImageBatch;
import dev.convoy.data.Normalization;
import dev.convoy.model.Network;
import dev.convoy.model.ParameterLayout;
import dev.convoy.model.backend.Placement;
import dev.convoy.model.optimizer.OptimizerSpec;
import java.util.List;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.Nesterovs;
import org.nd4j.linalg.learning.config.Sgd;

/**
 * A network as Deeplearning4j itself would train it: with its own losses, dropout, running statistics and updaters. Closing frees
 * native memory.
 */
public final class Dl4jGraph implements AutoCloseable {
    private final ComputationGraph graph;
    private final FlatBuffer flat;
    private final List<GraphTensors.Block> blocks;
    private final ParameterLayout layout;

    /**
     * @throws ConvoyException if Deeplearning4j lacks the optimizer or something that the network has
     */
    public Dl4jGraph(Network network, OptimizerSpec optimizer) {
        new Dl4jBackend().checkSupport(network, Placement.CPU);
        checkOptimizer(optimizer);
        if (network.allLayers().stream().anyMatch(Network.Layer::isFrozen)) {
            throw new ConvoyException(
                    "Cannot freeze layers where Deeplearning4j trains itself; train in rounds, or freeze none");
        }
        if (network.spec().labelSmoothing() > 0) {
            throw new ConvoyException("Cannot smooth labels where Deeplearning4j trains itself; train in rounds, or set"
                    + " network.label-smoothing = 0");
        }
        NativeLibraries.load();
        this.layout = network.layout();
        this.graph = new ComputationGraph(GraphBuilder.build(
                network,
                new StandardParts(network.spec().loss()),
                DataType.FLOAT,
                updater(optimizer),
                decay(optimizer)));
        graph.init();
        this.flat = new FlatBuffer(graph.params());
        this.blocks = GraphTensors.locate(graph, network);
    }

    /**
     * Fails for an optimizer that ND4J's updaters have no equal of.
     *
     * @throws ConvoyException naming those that they have
     */
    public static void checkOptimizer(OptimizerSpec optimizer) {
        if (optimizer instanceof OptimizerSpec.Momentum || optimizer instanceof OptimizerSpec.AdamW) {
            throw new ConvoyException(
                    "Cannot use this optimizer where Deeplearning4j trains itself: its updaters have neither"
                            + " classical momentum nor decoupled weight decay; use sgd, nesterov or adam");
        }
    }

    private static IUpdater updater(OptimizerSpec optimizer) {
        // The rate is set before every epoch.
        if (optimizer instanceof OptimizerSpec.Nesterov nesterov) {
            return new Nesterovs(1, nesterov.momentum());
        }
        if (optimizer instanceof OptimizerSpec.Adam adam) {
            return new Adam(1, adam.beta1(), adam.beta2(), adam.eps());
        }
        return new Sgd(1);
    }

    private static double decay(OptimizerSpec optimizer) {
        if (optimizer instanceof OptimizerSpec.Nesterov nesterov) {
            return nesterov.weightDecay();
        }
        if (optimizer instanceof OptimizerSpec.Adam adam) {
            return adam.weightDecay();
        }
        return optimizer instanceof OptimizerSpec.Sgd sgd ? sgd.weightDecay() : 0;
    }

    /** The graph itself; this object still owns it and frees it. */
    public ComputationGraph graph() {
        return graph;
    }

    /** Copies values in the canonical layout into the graph. */
    public void set(float[] parameters, float[] buffers) {
        for (GraphTensors.Block block : blocks) {
            ParameterLayout.Entry entry = block.entry();
            flat.write(block.graphOffset(), entry.isBuffer() ? buffers : parameters, entry.offset(), entry.size());
        }
    }

    /** A copy of the parameters in the canonical layout. */
    public float[] parameters() {
        float[] values = new float[layout.parameterCount()];
        read(values, false);
        return values;
    }

    /** A copy of the running statistics in the canonical layout. */
    public float[] buffers() {
        float[] values = new float[layout.bufferCount()];
        read(values, true);
        return values;
    }

    private void read(float[] values, boolean buffers) {
        // The vector may have been replaced in training.
        FlatBuffer now = new FlatBuffer(graph.params());
        for (GraphTensors.Block block : blocks) {
            if (block.entry().isBuffer() == buffers) {
                now.read(
                        block.graphOffset(),
                        values,
                        block.entry().offset(),
                        block.entry().size());
            }
        }
    }

    /** A batch as Deeplearning4j takes it: normalised images, one-hot targets; the caller's. */
    public static DataSet dataSet(ImageBatch batch, Normalization normalization, int outputs) {
        NativeLibraries.load();
        long[] shape = {
            batch.size(),
            batch.shape().channels(),
            batch.shape().height(),
            batch.shape().width()
        };
        return new DataSet(
                Nd4j.createFromArray(normalization.apply(batch)).reshape(shape),
                Nd4j.createFromArray(batch.denseTargets(outputs)).reshape(batch.size(), outputs));
    }

    @Override
    public void close() {
        graph.close();
    }
}
