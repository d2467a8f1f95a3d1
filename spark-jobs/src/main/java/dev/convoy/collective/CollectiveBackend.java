package dev.convoy.collective;

import com.fasterxml.jackson.annotation.JsonProperty;
import dev.convoy.data.ConvoyException;
import dev.convoy.data.Printable;
import java.util.OptionalInt;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.pytorch.global.torch_nccl;

/** What groups that share no memory exchange their sums with; both are libtorch's. Neither encrypts nor authenticates. */
public enum CollectiveBackend {
    /** Over TCP, from the host's memory; for CPUs and GPUs. */
    @JsonProperty("gloo")
    GLOO,
    /**
     * NVIDIA's NCCL, from the memory of the GPU that a group's first replica computes on. Not verified on hardware; what is tested
     * is that it is refused where it cannot work.
     */
    @JsonProperty("nccl")
    NCCL;

    /**
     * Fails if natives are missing that have to be on the class path; loads none, so that a driver without a GPU can ask.
     *
     * @throws ConvoyException naming the Maven profile that brings them
     */
    public void checkClassPath() {
        String natives = "/org/bytedeco/pytorch/" + Loader.getPlatform() + "-gpu/libjnitorch_nccl.so";
        if (this == NCCL && CollectiveBackend.class.getResource(natives) == null) {
            throw new ConvoyException(
                    "Cannot use sync.network = nccl: libtorch's natives on this class path are for CPUs;"
                            + " build with mvn package -Ptorch-cuda, or set sync.network = gloo");
        }
    }

    /**
     * Fails if it cannot sum for a replica of this process.
     *
     * @param address of this process
     * @param gpu that the replica computes on
     * @throws ConvoyException if there is none, or NCCL itself is not installed
     */
    void check(String address, OptionalInt gpu) {
        if (this == GLOO) {
            return;
        }
        checkClassPath();
        if (gpu.isEmpty()) {
            throw new ConvoyException("Cannot use sync.network = nccl: a replica on " + address
                    + " computes on the CPU, as libtorch finds no GPU with a driver for CUDA 13 there; check nvidia-smi on"
                    + " that machine, or set sync.network = gloo");
        }
        try {
            Loader.load(torch_nccl.class);
        } catch (LinkageError | TypeNotPresentException e) {
            // The latter where JavaCPP's own classes for CUDA are missing.
            throw new ConvoyException(
                    "Cannot load NCCL on " + address + ": "
                            + Printable.firstLine(e)
                            + "; install NCCL 2 for CUDA 13 there, or set sync.network = gloo",
                    e);
        }
    }
}
