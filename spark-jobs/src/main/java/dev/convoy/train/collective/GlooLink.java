package dev.convoy.train.collective;

import dev.convoy.data.ConvoyException;
import java.io.FileDescriptor;
import java.io.IOException;
import java.lang.reflect.Field;
import java.net.InetSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.UnresolvedAddressException;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.javacpp.chrono.Milliseconds;
import org.bytedeco.pytorch.IntOptional;
import org.bytedeco.pytorch.LongVector;
import org.bytedeco.pytorch.ProcessGroupGloo;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.TCPStore;
import org.bytedeco.pytorch.TCPStoreOptions;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.Work;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.bytedeco.pytorch.global.torch_gloo;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sums tensors over processes with Gloo, libtorch's collectives for CPUs, over TCP. Every process listens on the one address
 * that it was given. Used by one thread.
 */
final class GlooLink implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(GlooLink.class);

    private final TCPStore store;
    private final ProcessGroupGloo group;
    private final int size;

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
     * @param host of rank 0
     * @param port of rank 0
     * @param address this process's own
     * @throws PeerLostException if one does not come in time
     */
    GlooLink(Door door, String host, int port, String address, int rank, int size, long timeoutSeconds) {
        this.size = size;
        Loader.load(torch_gloo.class);
        // Closing the link releases what is retained here.
        try (PointerScope scope = new PointerScope();
                Milliseconds timeout = new Milliseconds(timeoutSeconds * 1000)) {
            TCPStoreOptions options = new TCPStoreOptions()
                    .port((short) port)
                    .isServer(rank == 0)
                    .waitWorkers(false)
                    .useLibUV(false)
                    .timeout(timeout);
            if (rank == 0) {
                options.masterListenFd(new IntOptional(door.descriptor()));
            }
            store = new TCPStore(host, options);
            ProcessGroupGloo.Options gloo = ProcessGroupGloo.Options.create(timeout);
            gloo.devices().push_back(ProcessGroupGloo.createDeviceForHostname(address));
            gloo.threads(1);
            group = new ProcessGroupGloo(store, rank, size, gloo);
            store.retainReference();
            group.retainReference();
        } catch (ConvoyException e) {
            throw e;
        } catch (RuntimeException e) {
            throw lost(e);
        }
    }

    /** Replaces a tensor by its sum over all processes, along Gloo's own order. */
    void sum(Tensor tensor) {
        try (PointerScope scope = new PointerScope()) {
            complete(group.allreduce(new TensorVector(tensor)));
        }
    }

    /**
     * The same with half the bytes: slices go all to all in bfloat16, are added in single precision by rank, and come back in
     * bfloat16. Gloo's own sum of bfloat16 would round after every addition.
     */
    void sumInBfloat16(Tensor tensor) {
        try (PointerScope scope = new PointerScope()) {
            long length = tensor.numel();
            long slice = (length + size - 1) / size;
            TensorOptions half = new TensorOptions().dtype(new ScalarTypeOptional(ScalarType.BFloat16));
            Tensor out = torch.zeros(new long[] {slice * size}, half);
            out.narrow(0, 0, length).copy_(tensor);
            Tensor in = torch.empty_like(out);
            complete(group.alltoall_base(in, out, new LongVector(), new LongVector()));
            Tensor sum = torch.zeros(slice);
            for (int rank = 0; rank < size; rank++) {
                sum.add_(in.narrow(0, rank * slice, slice));
            }
            complete(group._allgather_base(in, sum.to(ScalarType.BFloat16)));
            tensor.copy_(in.narrow(0, 0, length));
        }
    }

    private static void complete(Work work) {
        try {
            work._wait();
        } catch (RuntimeException e) {
            throw lost(e);
        }
    }

    private static PeerLostException lost(RuntimeException e) {
        String message = String.valueOf(e.getMessage()).lines().findFirst().orElse("");
        PeerLostException lost = new PeerLostException(-1, "Another executor does not answer: " + message);
        lost.initCause(e);
        return lost;
    }

    @Override
    public void close() {
        group.releaseReference();
        store.releaseReference();
    }
}
