package dev.convoy.model.backend.torch;

import dev.convoy.data.Normalization;
import dev.convoy.data.natives.Natives;
import dev.convoy.model.Network;
import dev.convoy.model.backend.ComputeBackend;
import dev.convoy.model.backend.Placement;
import dev.convoy.model.backend.Replica;
import org.bytedeco.openblas.global.openblas;
import org.bytedeco.pytorch.global.torch;

/** libtorch, through JavaCPP: on CPUs, or with the Maven profile {@code torch-cuda} on GPUs too. */
public final class TorchBackend implements ComputeBackend {
    /** libtorch allows this to be set once, before any work; loading this class does it. */
    private static final class Process {
        static {
            Natives.TORCH.load();
            torch.set_num_interop_threads(1);
        }

        static void bound() {
            // One replica, one thread: more would fight the other replicas for cores. OpenMP keeps its number per
            // calling
            // thread, so every owner of a replica sets it.
            torch.set_num_threads(1);
            openblas.blas_set_num_threads(1);
        }
    }

    /**
     * How often this process has read values of tensors: losses, norms, outputs and copies of vectors. On a GPU each read waits until
     * what was asked for before is computed.
     */
    public static long reads() {
        return HostMemory.reads();
    }

    @Override
    public String name() {
        return "torch";
    }

    @Override
    public void checkSupport(Network network, Placement placement) {
        // Every layer there is, and bfloat16 on every device.
    }

    @Override
    public Replica newReplica(Network network, Normalization normalization, Placement placement) {
        normalization.checkChannels(network.input().channels());
        try {
            Process.bound();
        } catch (LinkageError e) {
            throw ComputeBackend.nativesMissing("libtorch", "pytorch", e);
        }
        return new TorchReplica(network, normalization, placement);
    }
}
