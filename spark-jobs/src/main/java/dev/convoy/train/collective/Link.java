package dev.convoy.train.collective;

import dev.convoy.data.ConvoyException;
import java.io.FileDescriptor;
import java.io.IOException;
import java.lang.reflect.Field;
import java.net.InetSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.UnresolvedAddressException;
import java.util.OptionalInt;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.javacpp.chrono.Milliseconds;
import org.bytedeco.pytorch.Backend;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.DeviceOptional;
import org.bytedeco.pytorch.IntOptional;
import org.bytedeco.pytorch.LongVector;
import org.bytedeco.pytorch.ProcessGroupGloo;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.StringVector;
import org.bytedeco.pytorch.TCPStore;
import org.bytedeco.pytorch.TCPStoreOptions;
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
 * Sums tensors over processes with one of libtorch's process groups. All meet at a store on the one address that rank 0 was given.
 * Gloo listens on each process's own address; NCCL chooses interfaces itself (NCCL_SOCKET_IFNAME). Used by one thread at a time.
 *
 * <p>NCCL is not verified on hardware. It gives up in time only where TORCH_NCCL_BLOCKING_WAIT is 1 in the environment of the process;
 * otherwise a thread of libtorch's ends the process when another is lost. A process that is lost while communicators are made is not
 * noticed.
 */
final class Link implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Link.class);

    private final Library library;
    /** Where tensors are summed. */
    private final Device device;

    private final TCPStore store;
    private final Backend group;
    private final int size;
    private boolean broken;

    /**
     * Who meets whom, and where.
     *
     * @param host of rank 0
     * @param port of rank 0
     * @param rank of this process
     * @param size how many processes
     */
    record Meeting(String host, int port, int rank, int size, long timeoutSeconds) {}

    /** A socket that waits for the others; from its port on the store is theirs. */
    record Door(ServerSocketChannel channel, int port) {
        static Door open(String address) {
            try {
                // Bound here, since libtorch itself would listen on every address of the machine.
                ServerSocketChannel channel = ServerSocketChannel.open().bind(new InetSocketAddress(address, 0));
                return new Door(channel, ((InetSocketAddress) channel.getLocalAddress()).getPort());
            } catch (IOException | UnresolvedAddressException e) {
                throw new ConvoyException(
                        "Cannot listen on " + address + ": " + e.getMessage()
                                + "; set SPARK_LOCAL_IP on the executors to an address that they have",
                        e);
            }
        }

        /** Only where no link was made of it, which closes it otherwise. */
        void close() {
            try {
                channel.close();
            } catch (IOException e) {
                LOG.debug("A socket is left open", e);
            }
        }

        /** The socket's number in this process; Spark on Java 17 opens these packages in any case. */
        private int descriptor() {
            try {
                Field descriptor = channel.getClass().getDeclaredField("fd");
                descriptor.setAccessible(true);
                Field number = FileDescriptor.class.getDeclaredField("fd");
                number.setAccessible(true);
                return number.getInt(descriptor.get(channel));
            } catch (ReflectiveOperationException | RuntimeException e) {
                throw new ConvoyException(
                        "Cannot hand a socket to libtorch; start Java with Spark's own options for"
                                + " Java 17 (--add-opens=java.base/sun.nio.ch=ALL-UNNAMED and java.base/java.io)",
                        e);
            }
        }
    }

    /**
     * Connects every process with every other.
     *
     * @param door of the process of rank 0; null in the others
     * @param address this process's own
     * @param gpu that NCCL sums on
     * @throws PeerLostException if one does not come in time
     */
    Link(Door door, Meeting meeting, Library library, String address, OptionalInt gpu) {
        this.library = library;
        this.size = meeting.size;
        this.device = library == Library.NCCL
                ? new Device(DeviceType.CUDA, (byte) gpu.orElseThrow())
                : new Device(DeviceType.CPU);
        Loader.load(torch_gloo.class);
        // Closing the link releases what is retained here.
        try (PointerScope scope = new PointerScope();
                Milliseconds timeout = new Milliseconds(meeting.timeoutSeconds * 1000)) {
            TCPStoreOptions options = new TCPStoreOptions()
                    .port((short) meeting.port)
                    .isServer(meeting.rank == 0)
                    .waitWorkers(false)
                    .useLibUV(false)
                    .timeout(timeout);
            if (meeting.rank == 0) {
                options.masterListenFd(new IntOptional(door.descriptor()));
            }
            store = new TCPStore(meeting.host, options);
            awaitAll(meeting);
            group = library == Library.NCCL ? nccl(meeting, timeout) : gloo(meeting, timeout, address);
            store.retainReference();
            group.retainReference();
        } catch (ConvoyException e) {
            throw e;
        } catch (RuntimeException e) {
            throw lost(e);
        }
    }

    /** NCCL itself would wait for ever for somebody who never comes. */
    private void awaitAll(Meeting meeting) {
        // Plain numbers are NCCL's own keys in the same store.
        String[] names =
                IntStream.range(0, size).mapToObj(rank -> "process " + rank).toArray(String[]::new);
        store.set(names[meeting.rank], "here");
        store._wait(new StringVector(names));
    }

    private Backend gloo(Meeting meeting, Milliseconds timeout, String address) {
        ProcessGroupGloo.Options options = ProcessGroupGloo.Options.create(timeout);
        options.devices().push_back(ProcessGroupGloo.createDeviceForHostname(address));
        options.threads(1);
        return new ProcessGroupGloo(store, meeting.rank, size, options);
    }

    private Backend nccl(Meeting meeting, Milliseconds timeout) {
        ProcessGroupNCCL.Options options = ProcessGroupNCCL.Options.create();
        options.timeout(timeout);
        ProcessGroupNCCL nccl = new ProcessGroupNCCL(store, meeting.rank, size, options);
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
        String message = String.valueOf(e.getMessage()).lines().findFirst().orElse("");
        return new PeerLostException("Another executor does not answer, or the link to it failed: " + message, e);
    }

    @Override
    public void close() {
        if (library == Library.NCCL) {
            endNccl();
        }
        group.releaseReference();
        store.releaseReference();
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
