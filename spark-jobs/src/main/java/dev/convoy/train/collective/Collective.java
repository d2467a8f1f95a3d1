package dev.convoy.train.collective;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.convoy.data.ConvoyException;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * Weighted sums of vectors over ranks. Ranks that share memory are added there, in the order of ranks, each rank adding one slice
 * for all; of every such group one rank then exchanges the group's sum with the other groups, so that a single vector leaves
 * it. Beside the vector every rank has a few slots of its own, which all ranks see afterwards; the first is its weight.
 *
 * <p>Used by one thread. Sums are the same bits for the same ranks in the same groups. Closing releases native memory.
 */
public final class Collective implements AutoCloseable {
    /**
     * What all ranks agree on.
     *
     * @param groups for every rank the name of the memory that it can share, equal names sharing one
     * @param length floats in the vector
     * @param slots floats of each rank's own beside it, at least 1
     * @param library that groups exchange their sums with
     * @param compression of what leaves a group; slots stay exact
     * @param timeoutSeconds how long one rank waits for another
     */
    public record Shape(
            List<String> groups, int length, int slots, Library library, Compression compression, long timeoutSeconds) {
        private int wholeLength() {
            return Math.addExact(length, Math.multiplyExact(groups.size(), slots));
        }

        private int[] membersOf(int rank) {
            return IntStream.range(0, groups.size())
                    .filter(other -> groups.get(other).equals(groups.get(rank)))
                    .toArray();
        }
    }

    /**
     * What a rank tells the others before they can meet.
     *
     * @param file that its group maps; null if another rank makes it
     * @param address its own, for sockets
     * @param port where rank 0 waits for the other groups; 0 if it need not, and of other ranks
     * @param version of the library that sums
     */
    private record Opening(String file, String address, int port, String version) {}

    private static final ObjectMapper JSON = new ObjectMapper();

    private final int rank;
    private final Shape shape;
    private final int[] members;
    private final int member;
    private final boolean linked;
    private final SharedMemory memory;
    /** To other groups; of the first member alone, and only if there are any. */
    private final Link link;

    private final List<Tensor> vectors = new ArrayList<>();
    private final Tensor total;
    private long networkNanos;

    /**
     * Joins; all ranks do so at the same time.
     *
     * @param address this rank's own, for sockets
     * @param gpu that this rank's replica computes on, for NCCL
     * @param tellAll brings every rank's message to every rank, by rank, as {@code BarrierTaskContext.allGather} does
     * @param cancelled asked while waiting
     * @throws ConvoyException if the library cannot sum here
     * @throws PeerLostException if a rank does not come in time
     */
    public Collective(
            int rank,
            Shape shape,
            String address,
            OptionalInt gpu,
            Function<String, List<String>> tellAll,
            BooleanSupplier cancelled) {
        shape.library.check(address, gpu);
        this.rank = rank;
        this.shape = shape;
        this.members = shape.membersOf(rank);
        this.member = (int) IntStream.of(members).filter(other -> other < rank).count();
        List<String> names = shape.groups.stream().distinct().toList();
        this.linked = names.size() > 1;
        Path file = member == 0 ? SharedMemory.create(members.length, shape.wholeLength()) : null;
        Link.Door door = null;
        SharedMemory mapped = null;
        try {
            door = linked && rank == 0 ? Link.Door.open(address) : null;
            int port = door == null ? 0 : door.port();
            List<Opening> all = tellAll(new Opening(String.valueOf(file), address, port, version()), tellAll);
            Path shared = Path.of(all.get(members[0]).file);
            mapped = new SharedMemory(
                    shared, member, members.length, shape.wholeLength(), shape.timeoutSeconds, cancelled);
            memory = mapped;
            awaitMembers();
            Opening first = all.get(0);
            Link.Meeting meeting = new Link.Meeting(
                    first.address,
                    first.port,
                    names.indexOf(shape.groups.get(rank)),
                    names.size(),
                    shape.timeoutSeconds);
            // From here on the socket is the link's, which closes it.
            Link.Door given = door;
            door = null;
            link = linked && member == 0 ? new Link(given, meeting, shape.library, address, gpu) : null;
        } catch (RuntimeException | Error e) {
            if (mapped != null) {
                mapped.close();
            }
            if (door != null) {
                door.close();
            }
            throw e;
        } finally {
            // All have mapped it, or the segment has failed.
            delete(file);
        }
        for (int i = 0; i < members.length; i++) {
            vectors.add(tensor(memory.vector(i)));
        }
        total = tensor(memory.total());
    }

    private List<Opening> tellAll(Opening own, Function<String, List<String>> tellAll) {
        try {
            List<Opening> all = new ArrayList<>();
            for (String message : tellAll.apply(JSON.writeValueAsString(own))) {
                all.add(JSON.readValue(message, Opening.class));
            }
            for (int other = 0; other < all.size(); other++) {
                if (!all.get(other).version.equals(own.version)) {
                    throw new ConvoyException("Cannot exchange vectors between different versions: rank " + other
                            + " on " + all.get(other).address + " has " + all.get(other).version + ", rank " + rank
                            + " on " + own.address + " has " + own.version
                            + "; give all executors the same convoy.jar");
                }
            }
            return all;
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    private void awaitMembers() {
        try {
            memory.await();
        } catch (PeerLostException e) {
            throw e.ofRank(members[e.member()]);
        }
    }

    private static String version() {
        try {
            return "libtorch " + Loader.getVersion("org.bytedeco", "pytorch");
        } catch (IOException e) {
            return "libtorch of unknown version";
        }
    }

    private static Tensor tensor(FloatBuffer mapped) {
        try (PointerScope scope = new PointerScope()) {
            return torch.from_blob(new FloatPointer(mapped), mapped.capacity()).retainReference();
        }
    }

    private static void delete(Path file) {
        try {
            if (file != null) {
                Files.delete(file);
            }
        } catch (IOException e) {
            throw new ConvoyException("Cannot delete " + file + ": " + e.getMessage(), e);
        }
    }

    /** This rank's vector, to be filled before {@link #sum} unless its weight is 0. */
    public FloatBuffer vector() {
        return memory.vector(member).slice(0, shape.length);
    }

    /** The sum over all ranks, to be read until the next {@link #sum}. */
    public FloatBuffer total() {
        return memory.total().slice(0, shape.length);
    }

    /** What a rank has put into one of its slots. */
    public float slot(int of, int index) {
        return memory.total().get(slotAt(of, index));
    }

    private int slotAt(int of, int index) {
        return shape.length + of * shape.slots + index;
    }

    /**
     * Sums all ranks' vectors, each times its weight.
     *
     * @param own this rank's slots; the first is its weight
     * @throws PeerLostException if a rank does not come in time, or is lost
     */
    public void sum(float[] own) {
        memory.vector(member).put(slotAt(rank, 0), own);
        awaitMembers();
        addSlice();
        addSlots(own);
        awaitMembers();
        if (linked) {
            if (link != null) {
                long began = System.nanoTime();
                exchange();
                networkNanos += System.nanoTime() - began;
            }
            awaitMembers();
        }
    }

    private void addSlice() {
        long from = (long) shape.length * member / members.length;
        long count = (long) shape.length * (member + 1) / members.length - from;
        try (PointerScope scope = new PointerScope()) {
            Tensor sum = total.narrow(0, from, count);
            boolean empty = true;
            for (int i = 0; i < members.length; i++) {
                float weight = memory.vector(i).get(slotAt(members[i], 0));
                if (weight > 0) {
                    Tensor vector = vectors.get(i).narrow(0, from, count);
                    if (empty) {
                        // A factor that is a tensor, since libtorch would go over memory twice for a plain one.
                        torch.mul_out(sum, vector, torch.scalar_tensor(new Scalar(weight)));
                    } else {
                        sum.add_(vector, new Scalar(weight));
                    }
                    empty = false;
                }
            }
            if (empty) {
                sum.zero_();
            }
        }
    }

    /** Every member writes its own slots; those of other groups come with their sums. */
    private void addSlots(float[] own) {
        if (member == 0) {
            for (int other = 0; other < shape.groups.size(); other++) {
                if (!shape.groups.get(other).equals(shape.groups.get(rank))) {
                    memory.total().put(slotAt(other, 0), new float[shape.slots]);
                }
            }
        }
        memory.total().put(slotAt(rank, 0), own);
    }

    private void exchange() {
        try (PointerScope scope = new PointerScope()) {
            if (shape.compression == Compression.NONE) {
                link.sum(total);
            } else {
                link.sumInBfloat16(total.narrow(0, 0, shape.length));
                link.sum(total.narrow(0, shape.length, (long) shape.groups.size() * shape.slots));
            }
        }
    }

    /** Spent so far on sums with other groups, waiting for them included; 0 on ranks that do not exchange with them. */
    public double networkSeconds() {
        return networkNanos / 1e9;
    }

    /** Tells the other ranks not to wait for this one any more. */
    public void abandon() {
        memory.abandon();
        if (link != null) {
            link.abandon();
        }
    }

    @Override
    public void close() {
        if (link != null) {
            link.close();
        }
        total.releaseReference();
        vectors.forEach(Tensor::releaseReference);
        memory.close();
    }
}
