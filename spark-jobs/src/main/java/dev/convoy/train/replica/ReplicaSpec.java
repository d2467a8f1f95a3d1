package dev.convoy.train.replica;

import dev.convoy.data.ConvoyException;
import dev.convoy.data.ImageShape;
import dev.convoy.data.Normalization;
import dev.convoy.model.Network;
import dev.convoy.model.NetworkSpec;
import dev.convoy.model.backend.ComputeBackend;
import dev.convoy.model.backend.Placement;
import dev.convoy.model.backend.Replica;
import dev.convoy.model.file.TrainedModel;
import java.io.Serializable;
import org.apache.spark.TaskContext;
import org.apache.spark.resource.ResourceInformation;

/** Everything needed to build a replica on an executor; equal specifications share replicas. */
public record ReplicaSpec(
        String backend, Placement placement, NetworkSpec network, ImageShape input, Normalization normalization)
        implements Serializable {
    /** A replica of a trained model. */
    public static ReplicaSpec of(String backend, Placement placement, TrainedModel model) {
        return new ReplicaSpec(
                backend, placement, model.network().spec(), model.network().input(), model.normalization());
    }

    /** The network with its shapes. */
    public Network bind() {
        return network.bind(input);
    }

    /**
     * Places the replica on the GPU that Spark has assigned to the calling task, if it has assigned one.
     *
     * @throws ConvoyException if Spark knows the GPU by something else than an index
     */
    public ReplicaSpec forTask(TaskContext task) {
        ResourceInformation gpu = task.resourcesJMap().get("gpu");
        if (gpu == null || gpu.addresses().length == 0) {
            return this;
        }
        String address = gpu.addresses()[0];
        if (!address.matches("[0-9]{1,3}")) {
            throw new ConvoyException(
                    "Cannot use the GPU \"" + address + "\" that Spark has assigned: its discovery script"
                            + " must print indexes; use conf/discover-gpus");
        }
        return new ReplicaSpec(backend, placement.on(Integer.parseInt(address)), network, input, normalization);
    }

    /** A replica of the same that computes in another precision. */
    public ReplicaSpec in(Placement.Precision precision) {
        return new ReplicaSpec(backend, placement.in(precision), network, input, normalization);
    }

    /** The kind of replica, on whatever GPU it is. */
    ReplicaSpec anywhere() {
        return new ReplicaSpec(backend, placement.on(Placement.ANY), network, input, normalization);
    }

    /** Builds one; the calling thread becomes its owner. */
    Replica build() {
        return ComputeBackend.named(backend).newReplica(bind(), normalization, placement);
    }
}
