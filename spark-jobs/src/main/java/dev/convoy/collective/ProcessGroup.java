package dev.convoy.collective;

import dev.convoy.data.ConvoyException;
import dev.convoy.data.Printable;
import java.util.OptionalInt;
import java.util.function.Supplier;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.javacpp.chrono.Milliseconds;
import org.bytedeco.pytorch.Backend;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.DeviceOptional;
import org.bytedeco.pytorch.LongVector;
import org.bytedeco.pytorch.ProcessGroupGloo;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.Store;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.Work;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.DeviceType;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.bytedeco.pytorch.global.torch_gloo;
import org.bytedeco.pytorch.nccl.ProcessGroupNCCL;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sums tensors over processes with one of libtorch's process groups. They meet by a {@link Rendezvous}.
 * Gloo listens on each process's own address; NCCL chooses interfaces itself (NCCL_SOCKET_IFNAME). Used by one thread at a time.
 *
 * <p>NCCL is not verified on hardware. It gives up in time only where TORCH_NCCL_BLOCKING_WAIT is 1 in the environment of the process;
 * otherwise a thread of libtorch's ends the process when another is lost. A process that is lost while communicators are made is not
 * noticed.
 */
final class ProcessGroup implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ProcessGroup.class);

    private final CollectiveBackend backend;
    /** Where tensors are summed. */
    private final Device device;

    private final Backend group;
    private final int size;
    private boolean broken;

    /**
     * Which of the processes this is.
     *
     * @param rank among them
     * @param size how many processes
     * @param address this process's own, on which Gloo listens
     * @param gpu that NCCL sums on
     */
    record Options(int rank, int size, String address, OptionalInt gpu, long timeoutSeconds) {}

    /**
     * Connects every process with every other.
     *
     * @param rendezvous of all ranks, those that connect nothing included
     * @throws PeerLostException if one does not come in time
     */
    ProcessGroup(Rendezvous rendezvous, Options place, CollectiveBackend backend) {
        this.backend = backend;
        this.size = place.size;
        this.device = backend == CollectiveBackend.NCCL
                ? new Device(DeviceType.CUDA, (byte) place.gpu.orElseThrow())
                : new Device(DeviceType.CPU);
        Loader.load(torch_gloo.class);
        try {
            group = rendezvous.meet(store -> connect(store, place));
        } catch (ConvoyException | PeerLostException e) {
            throw e;
        } catch (RuntimeException e) {
            throw lost(e);
        }
    }

    /** Closing the link releases what is retained here. */
    private Backend connect(Store store, Options place) {
        try (PointerScope scope = new PointerScope();
                Milliseconds timeout = new Milliseconds(place.timeoutSeconds * 1000)) {
            store.setTimeout(timeout);
            Backend made =
                    backend == CollectiveBackend.NCCL ? nccl(store, place, timeout) : gloo(store, place, timeout);
            return made.retainReference();
        }
    }

    private Backend gloo(Store store, Options place, Milliseconds timeout) {
        ProcessGroupGloo.Options options = ProcessGroupGloo.Options.create(timeout);
        options.devices().push_back(ProcessGroupGloo.createDeviceForHostname(place.address));
        options.threads(1);
        return new ProcessGroupGloo(store, place.rank, size, options);
    }

    private Backend nccl(Store store, Options place, Milliseconds timeout) {
        ProcessGroupNCCL.Options options = ProcessGroupNCCL.Options.create();
        options.timeout(timeout);
        ProcessGroupNCCL nccl = new ProcessGroupNCCL(store, place.rank, size, options);
        nccl.setBoundDeviceId(new DeviceOptional(device));
        // Now, so that what is wrong shows before anything is trained.
        nccl.eagerConnectSingleDevice(device);
        return nccl;
    }

    /** Replaces a tensor of the host's by its sum over all processes. */
    void sum(Tensor tensor, Compression compression) {
        if (compression == Compression.NONE) {
            sum(tensor);
        } else {
            sumInBfloat16(tensor);
        }
    }

    /** Along the library's own order. */
    private void sum(Tensor tensor) {
        try (PointerScope scope = new PointerScope()) {
            // The tensor itself where the device is the CPU.
            Tensor there = tensor.to(device, ScalarType.Float);
            complete(() -> group.allreduce(new TensorVector(there)));
            tensor.copy_(there);
        }
    }

    /**
     * The same with half the bytes: slices go all to all in bfloat16, are added in single precision by rank, and come back in
     * bfloat16. The libraries' own sums of bfloat16 would round after every addition.
     */
    private void sumInBfloat16(Tensor tensor) {
        try (PointerScope scope = new PointerScope()) {
            long length = tensor.numel();
            long slice = (length + size - 1) / size;
            TensorOptions half = new TensorOptions(device).dtype(new ScalarTypeOptional(ScalarType.BFloat16));
            Tensor out = torch.zeros(new long[] {slice * size}, half);
            out.narrow(0, 0, length).copy_(tensor);
            Tensor in = torch.empty_like(out);
            complete(() -> group.alltoall_base(in, out, new LongVector(), new LongVector()));
            Tensor sum = torch.zeros(new long[] {slice}, new TensorOptions(device));
            for (int rank = 0; rank < size; rank++) {
                sum.add_(in.narrow(0, rank * slice, slice));
            }
            Tensor rounded = sum.to(ScalarType.BFloat16);
            complete(() -> group._allgather_base(in, rounded));
            tensor.copy_(in.narrow(0, 0, length));
        }
    }

    /** Says that this process fails, so that closing waits for nobody. */
    void abandon() {
        broken = true;
    }

    private void complete(Supplier<Work> work) {
        try {
            work.get()._wait();
        } catch (RuntimeException e) {
            broken = true;
            throw lost(e);
        }
    }

    private static PeerLostException lost(RuntimeException e) {
        String message = Printable.firstLine(e);
        return new PeerLostException("Another executor does not answer, or the link to it failed: " + message, e);
    }

    @Override
    public void close() {
        if (backend == CollectiveBackend.NCCL) {
            endNccl();
        }
        group.releaseReference();
        device.close();
    }

    /** What went well is seen through to its end everywhere; after a failure nobody is waited for. */
    private void endNccl() {
        try {
            if (broken) {
                group.abort();
            } else {
                group.shutdown();
            }
        } catch (RuntimeException e) {
            LOG.warn("NCCL did not end in order", e);
        }
    }
}
