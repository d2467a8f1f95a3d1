package dev.convoy.model.backend.dl4j;

import dev.convoy.data.ConvoyException;
import dev.convoy.data.Normalization;
import dev.convoy.model.LayerSpec;
import dev.convoy.model.Network;
import dev.convoy.model.backend.ComputeBackend;
import dev.convoy.model.backend.Replica;
import org.nd4j.linalg.api.buffer.DataType;

/** Deeplearning4j on ND4J: its CPU natives, or with the Maven profile {@code nd4j-cuda} its CUDA natives. */
public final class Dl4jBackend implements ComputeBackend {
    @Override
    public String name() {
        return "dl4j";
    }

    @Override
    public void checkSupport(Network network) {
        for (Network.Layer layer : network.allLayers()) {
            if (layer.spec() instanceof LayerSpec.Conv2d conv && conv.groups() > 1) {
                throw new ConvoyException("Cannot build " + layer.name() + " with groups = " + conv.groups()
                        + ": Deeplearning4j has no grouped convolution; set backend.name = torch");
            }
        }
    }

    @Override
    public Replica newReplica(Network network, Normalization normalization) {
        return newReplica(network, normalization, DataType.FLOAT);
    }

    /** Double precision is for checking gradients. */
    Replica newReplica(Network network, Normalization normalization, DataType precision) {
        checkSupport(network);
        normalization.checkChannels(network.input().channels());
        NativeLibraries.load();
        NativeLibraries.useOneThread();
        return new Dl4jReplica(network, normalization, precision);
    }
}
