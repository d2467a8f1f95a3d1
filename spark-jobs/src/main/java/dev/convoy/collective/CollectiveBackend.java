package dev.convoy.collective;

import dev.convoy.data.ConvoyException;
import dev.convoy.data.Printable;
import java.util.OptionalInt;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.pytorch.global.torch_nccl;

/** The library by which groups that share no memory sum; libtorch contains both. Neither encrypts nor authenticates. */
public enum CollectiveBackend {
    /** Gloo: sums over TCP, from the host's memory, for replicas on CPUs and on GPUs. */
    GLOO,
    /**
     * NVIDIA's NCCL: sums from the memory of the GPU that a group's first replica computes on. It is not verified on
     * hardware; tests show only that it is refused where it cannot work.
     */
    NCCL;

    /**
     * Fails if the class path lacks natives. It loads none, so that a driver without a GPU can ask.
     *
     * @throws ConvoyException that names the Maven profile which brings them
     */
    public void checkClassPath() {
        String natives = "/org/bytedeco/pytorch/" + Loader.getPlatform() + "-gpu/libjnitorch_nccl.so";
        if (this == NCCL && CollectiveBackend.class.getResource(natives) == null) {
            throw new ConvoyException(
                    "Cannot use the network backend nccl: libtorch's natives on this class path are for CPUs;"
                            + " build with mvn package -Ptorch-cuda, or use the network backend gloo");
        }
    }

    /**
     * Fails if the library cannot sum for a replica of this process.
     *
     * @param address this process's own, for messages
     * @param gpu the device that the replica computes on, if it is no CPU
     * @throws ConvoyException if NCCL has no GPU or is not installed
     */
    void check(String address, OptionalInt gpu) {
        if (this == GLOO) {
            return;
        }
        checkClassPath();
        if (gpu.isEmpty()) {
            throw new ConvoyException("Cannot use the network backend nccl: a replica on " + address
                    + " computes on the CPU, as libtorch finds no GPU with a driver for CUDA 13 there; check nvidia-smi on"
                    + " that machine, or use the network backend gloo");
        }
        try {
            Loader.load(torch_nccl.class);
        } catch (LinkageError | TypeNotPresentException e) {
            // The latter where JavaCPP's own classes for CUDA are missing.
            throw new ConvoyException(
                    "Cannot load NCCL on " + address + ": " + Printable.firstLine(e)
                            + "; install NCCL 2 for CUDA 13 there, or use the network backend gloo",
                    e);
        }
    }
}
