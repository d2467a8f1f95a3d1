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
 * Sums tensors over processes by one of libtorch's process groups. The processes find each other by a
 * {@link Rendezvous}. Gloo listens on each process's own address; NCCL chooses interfaces itself (NCCL_SOCKET_IFNAME).
 * One thread at a time may use it.
 *
 * <p>NCCL is not verified on hardware. It gives up in time only where the environment variable TORCH_NCCL_BLOCKING_WAIT
 * is 1; otherwise a thread of libtorch's ends the process when another process is lost. NCCL does not notice a process
 * that is lost while communicators are made.
 */
final class ProcessGroup implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ProcessGroup.class);

    /** Sums that are worth having under way at once: while one waits for the other side, the line carries the others. */
    static final int AT_ONCE = 4;

    private final CollectiveBackend backend;
    private final Options options;
    /** The device that tensors are summed on. */
    private final Device device;

    private final Connection connection;
    private boolean failed;

    /**
     * A process group, and the store that it goes on using. libtorch counts references to its stores, but JavaCPP makes
     * this one outside of the count, and frees it whatever libtorch still refers to: so the group has to go first.
     */
    private record Connection(Backend group, Store store) {
        void release() {
            group.releaseReference();
            store.releaseReference();
        }
    }

    /**
     * Which of the processes this is.
     *
     * @param rank this process's, from 0 to {@code size - 1}; not the worker's
     * @param size how many processes the group has
     * @param address this process's own, on which Gloo listens
     * @param gpu the device that NCCL sums on
     * @param timeoutSeconds how long this process waits for another
     */
    record Options(int rank, int size, String address, OptionalInt gpu, long timeoutSeconds) {}

    /**
     * Connects every process with every other.
     *
     * @param rendezvous of all members of the collective, those that connect nothing included
     * @throws PeerLostException if a process fails or does not come in time
     */
    ProcessGroup(Rendezvous rendezvous, Options options, CollectiveBackend backend) {
        this.backend = backend;
        this.options = options;
        this.device = backend == CollectiveBackend.NCCL
                ? new Device(DeviceType.CUDA, (byte) options.gpu.orElseThrow())
                : new Device(DeviceType.CPU);
        Loader.load(torch_gloo.class);
        try {
            connection = rendezvous.connect(this::connect, this::discard);
        } catch (ConvoyException | PeerLostException e) {
            throw e;
        } catch (RuntimeException e) {
            throw peerLost(e);
        }
    }

    /** Connects libtorch's process group; the caller releases it. */
    private Connection connect(Store store) {
        try (PointerScope scope = new PointerScope();
                Milliseconds timeout = new Milliseconds(options.timeoutSeconds * 1000)) {
            store.setTimeout(timeout);
            Backend group = backend == CollectiveBackend.NCCL ? nccl(store, timeout) : gloo(store, timeout);
            return new Connection(group.retainReference(), store.retainReference());
        }
    }

    private Backend gloo(Store store, Milliseconds timeout) {
        ProcessGroupGloo.Options gloo = ProcessGroupGloo.Options.create(timeout);
        gloo.devices().push_back(ProcessGroupGloo.createDeviceForHostname(options.address));
        gloo.threads(AT_ONCE);
        return new ProcessGroupGloo(store, options.rank, options.size, gloo);
    }

    private Backend nccl(Store store, Milliseconds timeout) {
        ProcessGroupNCCL.Options nccl = ProcessGroupNCCL.Options.create();
        nccl.timeout(timeout);
        ProcessGroupNCCL connected = new ProcessGroupNCCL(store, options.rank, options.size, nccl);
        connected.setBoundDeviceId(new DeviceOptional(device));
        // Now, so that what is wrong shows before anything is trained.
        connected.eagerConnectSingleDevice(device);
        return connected;
    }

    /** Ends a group that this process has connected but that others have not. */
    private void discard(Connection connected) {
        if (backend == CollectiveBackend.NCCL) {
            endNccl(connected.group, true);
        }
        connected.release();
    }

    /** A sum that is under way; it uses its tensor until it was waited for. */
    @FunctionalInterface
    interface PendingSum {
        /**
         * Waits until the tensor is the sum.
         *
         * @throws PeerLostException if it will not be; then nothing uses the tensor any more either
         */
        void await();
    }

    /** Replaces a tensor in the host's memory by its sum over all processes, which has the same bits in all of them. */
    void allReduce(Tensor tensor, Compression compression) {
        try (PointerScope scope = new PointerScope()) {
            begin(tensor, compression).await();
        }
    }

    /**
     * Begins what {@link #allReduce} does. All processes begin the same sums in the same order.
     *
     * @return belongs to the caller's scope
     */
    PendingSum begin(Tensor tensor, Compression compression) {
        if (compression != Compression.NONE) {
            allReduceInBfloat16(tensor);
            return () -> {};
        }
        // On the CPU this is the tensor itself, and nothing is copied. The library chooses the order of additions.
        Tensor onDevice = tensor.to(device, ScalarType.Float);
        Work work = guarded(() -> connection.group.allreduce(new TensorVector(onDevice)));
        return () -> {
            guarded(work::_wait);
            tensor.copy_(onDevice);
        };
    }

    /**
     * Sums with half the bytes. Each process receives one slice of every process's tensor in bfloat16, adds the slices
     * in single precision, by rank, and sends the sum to all in bfloat16. The libraries' own sums of bfloat16 would
     * round after every addition.
     */
    private void allReduceInBfloat16(Tensor tensor) {
        try (PointerScope scope = new PointerScope()) {
            long length = tensor.numel();
            long slice = (length + options.size - 1) / options.size;
            TensorOptions bfloat16 = new TensorOptions(device).dtype(new ScalarTypeOptional(ScalarType.BFloat16));
            Tensor sent = torch.zeros(new long[] {slice * options.size}, bfloat16);
            sent.narrow(0, 0, length).copy_(tensor);
            Tensor received = torch.empty_like(sent);
            guarded(() -> connection
                    .group
                    .alltoall_base(received, sent, new LongVector(), new LongVector())
                    ._wait());
            Tensor sum = torch.zeros(new long[] {slice}, new TensorOptions(device));
            for (int rank = 0; rank < options.size; rank++) {
                sum.add_(received.narrow(0, rank * slice, slice));
            }
            Tensor rounded = sum.to(ScalarType.BFloat16);
            guarded(() -> connection.group._allgather_base(received, rounded)._wait());
            tensor.copy_(received.narrow(0, 0, length));
        }
    }

    /** Marks this process as failed, so that {@link #close} waits for no other. */
    void abandon() {
        failed = true;
    }

    private <T> T guarded(Supplier<T> call) {
        try {
            return call.get();
        } catch (RuntimeException e) {
            failed = true;
            throw peerLost(e);
        }
    }

    private static PeerLostException peerLost(RuntimeException e) {
        String message = Printable.firstLine(e);
        return new PeerLostException("Another executor does not answer, or the link to it failed: " + message, e);
    }

    @Override
    public void close() {
        if (backend == CollectiveBackend.NCCL) {
            endNccl(connection.group, failed);
        }
        connection.release();
        device.close();
    }

    /** Lets sums that are under way end in all processes; after a failure it waits for nobody. */
    private static void endNccl(Backend nccl, boolean failed) {
        try {
            if (failed) {
                nccl.abort();
            } else {
                nccl.shutdown();
            }
        } catch (RuntimeException e) {
            LOG.warn("NCCL did not end in order", e);
        }
    }
}
