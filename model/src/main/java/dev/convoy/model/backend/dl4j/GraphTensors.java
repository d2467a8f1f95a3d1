package dev.convoy.model.backend.dl4j;

import dev.convoy.model.Network;
import dev.convoy.model.ParameterLayout;
import dev.convoy.model.layer.LayerSpec;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.params.BatchNormalizationParamInitializer;
import org.deeplearning4j.nn.params.DefaultParamInitializer;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Where Convoy's tensors stand in the flat vector of a graph that {@link GraphBuilder} wrote. */
final class GraphTensors {
    /** Deeplearning4j's names for Convoy's tensors. */
    private static final Map<String, String> NAMES = Map.of(
            "weight", DefaultParamInitializer.WEIGHT_KEY,
            "bias", DefaultParamInitializer.BIAS_KEY);

    private static final Map<String, String> BATCH_NORM_NAMES = Map.of(
            "weight", BatchNormalizationParamInitializer.GAMMA,
            "bias", BatchNormalizationParamInitializer.BETA,
            "running_mean", BatchNormalizationParamInitializer.GLOBAL_MEAN,
            "running_var", BatchNormalizationParamInitializer.GLOBAL_VAR);

    /** A tensor's place in the canonical vector and in the graph's. */
    record Block(ParameterLayout.Entry entry, int graphOffset) {}

    private GraphTensors() {}

    /** Finds every tensor but those of frozen normalisation, which are no parameters of the graph. */
    static List<Block> locate(ComputationGraph graph, Network network) {
        List<Block> blocks = new ArrayList<>();
        for (Network.Layer layer : network.allLayers()) {
            boolean norm = layer.spec() instanceof LayerSpec.BatchNorm;
            if (norm && layer.isFrozen()) {
                continue;
            }
            Map<String, String> names = norm ? BATCH_NORM_NAMES : NAMES;
            for (ParameterLayout.Entry entry : layer.tensors()) {
                INDArray view = graph.getParam(
                        layer.name() + "_" + names.get(entry.tensor().name()));
                blocks.add(new Block(entry, Math.toIntExact(view.offset())));
            }
        }
        return blocks;
    }
}
