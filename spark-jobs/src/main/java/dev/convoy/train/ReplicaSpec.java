package dev.convoy.train;

import dev.convoy.data.ImageShape;
import dev.convoy.data.Normalization;
import dev.convoy.model.Network;
import dev.convoy.model.NetworkSpec;
import dev.convoy.model.OptimizerSpec;
import dev.convoy.model.backend.ComputeBackend;
import dev.convoy.model.backend.LocalTrainer;
import java.io.Serializable;

/** Everything needed to build a replica on an executor; equal specifications share replicas. */
public record ReplicaSpec(
        String backend, NetworkSpec network, ImageShape input, Normalization normalization, OptimizerSpec optimizer)
        implements Serializable {
    /** The network with its shapes. */
    public Network bind() {
        return network.bind(input);
    }

    LocalTrainer build() {
        Network bound = bind();
        return new LocalTrainer(ComputeBackend.named(backend).newReplica(bound, normalization), bound, optimizer);
    }
}
