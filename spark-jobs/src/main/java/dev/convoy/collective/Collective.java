package dev.convoy.collective;

import dev.convoy.data.ConvoyException;
import dev.convoy.data.InvalidValueException;
import dev.convoy.data.natives.Natives;
import java.nio.FloatBuffer;
import java.util.List;
import java.util.OptionalInt;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.bytedeco.javacpp.PointerScope;

/**
 * Sums one vector of floats of every rank, each times the rank's weight, and gives all ranks the total: a weighted
 * all-reduce. The ranks of a group share memory; each reduces one slice of the vector for all of them, in the order of
 * ranks. The leaders of groups then all-reduce the groups' sums, so that one vector leaves a group, however many ranks
 * it has. All ranks get the same bits, and the same ranks in the same groups get them again.
 *
 * <p>Beside its vector every rank has a few slots, floats of its own that all ranks can read after the sum; the first
 * is its weight.
 *
 * <p>Parts of a vector may go ahead of the rest. Example with 700,000 floats, 600,000 of them {@link Shape#early}, on
 * every rank:
 *
 * <pre>
 *   vector: set floats 300,000 to 599,999
 *   submit(32, 300_000)               the weight of this rank will be 32; groups may exchange these floats from now on
 *   vector: set floats 0 to 299,999 and 600,000 to 699,999
 *   sum(new float[] {32, ...})        exchanges the rest; had the weight changed, it would sum all floats again
 *   total, slot                       read the result
 * </pre>
 *
 * <p>One thread uses a collective. Closing it releases its native memory.
 */
public final class Collective implements AutoCloseable {
    /**
     * What all ranks agree on.
     *
     * @param groups for each rank the name of its group; the ranks of a group can map the same files
     * @param length floats in the vector, at least 0
     * @param early how many floats at the vector's beginning may go ahead of the others, 0 to {@code length}
     * @param slots floats that each rank has beside the vector, at least 1
     * @param backend the library by which groups sum
     * @param compression the format in which vectors leave a group; slots stay exact
     * @param timeoutSeconds how long one rank waits for another, at least 1
     */
    public record Shape(
            List<String> groups,
            int length,
            int early,
            int slots,
            CollectiveBackend backend,
            Compression compression,
            long timeoutSeconds) {
        public Shape {
            groups = List.copyOf(groups);
            check("length", length, length >= 0, "it must be at least 0");
            check("early", early, early >= 0 && early <= length, "it must be 0 to " + length + ", the length");
            check("slots", slots, slots >= 1, "it must be at least 1");
            check("timeoutSeconds", timeoutSeconds, timeoutSeconds >= 1, "it must be at least 1");
        }

        private static void check(String property, long value, boolean valid, String allowed) {
            if (!valid) {
                throw new InvalidValueException(property, value, allowed);
            }
        }

        /** Floats in a vector with the slots of all ranks behind it. */
        int wholeLength() {
            return Math.addExact(length, Math.multiplyExact(groups.size(), slotsOfRank()));
        }

        /** The caller's slots, and {@link #announcedWeight} behind them. */
        private int slotsOfRank() {
            return slots + 1;
        }

        /** The slot for the weight that a rank announces with the first part that it submits. */
        int announcedWeight() {
            return slots;
        }

        /** Where a slot of a rank lies in a whole vector. */
        int slotAt(int rank, int slot) {
            return length + rank * slotsOfRank() + slot;
        }

        private boolean isSameGroup(int rank, int other) {
            return groups.get(rank).equals(groups.get(other));
        }

        /** All ranks of a rank's group, ascending. */
        int[] ranksOfGroup(int rank) {
            return IntStream.range(0, groups.size())
                    .filter(other -> isSameGroup(rank, other))
                    .toArray();
        }
    }

    private final int rank;
    private final Shape shape;
    private final Communicator communicator;
    private final int groupRank;
    private final SharedMemory memory;
    private final GroupVectors vectors;
    /** Null if no part may go ahead, or if that would gain nothing. */
    private final Buckets buckets;

    private long networkNanos;

    /**
     * Connects this rank with all others; all ranks do so at the same time.
     *
     * @param rank this rank's own, from 0
     * @param address of this rank's process, at which others reach its sockets
     * @param gpu the device that this rank's replica computes on, which NCCL sums on too
     * @param channel brings every rank's message to every rank, by rank, as {@code BarrierTaskContext.allGather} does
     * @param cancelled whether this rank shall stop waiting for others; asked by several threads
     * @throws ConvoyException if the backend cannot sum in this process
     * @throws PeerLostException if a rank fails or does not come in time
     */
    public Collective(
            int rank,
            Shape shape,
            String address,
            OptionalInt gpu,
            Function<String, List<String>> channel,
            BooleanSupplier cancelled) {
        shape.backend.check(address, gpu);
        Natives.TORCH.load();
        this.rank = rank;
        this.shape = shape;
        this.communicator = new Communicator(rank, shape, address, gpu, channel, cancelled);
        this.groupRank = communicator.groupRank();
        this.memory = communicator.memory();
        this.vectors = new GroupVectors(memory, communicator.ranks(), shape);
        this.buckets = communicator.hasOtherGroups() && Buckets.suit(shape.early)
                ? new Buckets(shape, communicator, vectors)
                : null;
    }

    /**
     * This rank's vector. The caller sets it before {@link #sum}, unless this rank's weight is 0, and between two sums
     * may change whatever it has not submitted.
     */
    public FloatBuffer vector() {
        return vectors.vector(groupRank).slice(0, shape.length);
    }

    /**
     * The sum over all ranks. The caller may read it from the end of a sum until the next {@link #submit} or {@link
     * #sum}.
     */
    public FloatBuffer total() {
        return vectors.total().slice(0, shape.length);
    }

    /** What a rank had in one of its slots in the last sum. */
    public float slot(int ofRank, int slot) {
        return vectors.total().get(shape.slotAt(ofRank, slot));
    }

    /** Whether {@link #submit} may be called; if not, {@link #sum} alone sums everything. */
    public boolean acceptsParts() {
        return buckets != null;
    }

    /**
     * Lets a part of this rank's vector go ahead of the rest, and returns without waiting for others. The part begins
     * at the offset and ends where the last one began, or else at {@link Shape#early}. It must not change until
     * {@link #sum} returns.
     *
     * @param weight this rank's in the next sum, the same for all its parts; should {@link #sum} get another, it sums
     *     everything again
     * @param offset the part's first float, from 0
     */
    public void submit(float weight, int offset) {
        if (buckets.isEmpty()) {
            vectors.vector(groupRank).put(shape.slotAt(rank, shape.announcedWeight()), weight);
        }
        buckets.submit(offset);
    }

    /**
     * Sums all ranks' vectors, each times its weight, into {@link #total}. All ranks call it at the same time.
     *
     * @param slots this rank's; the first is its weight
     * @throws PeerLostException if a rank fails or does not come in time
     */
    public void sum(float[] slots) {
        vectors.vector(groupRank).put(shape.slotAt(rank, 0), slots);
        if (buckets == null) {
            sumFrom(0);
            return;
        }
        submit(slots[0], 0);
        buckets.reduceRest();
        timed(buckets::awaitExchange);
        sumFrom(shape.early);
        if (isWeightWrong()) {
            sumFrom(0);
        }
    }

    /** Sums all vectors from an offset on, and all slots. */
    private void sumFrom(int offset) {
        memory.await();
        int size = vectors.size();
        long length = (long) shape.length - offset;
        long begin = offset + length * groupRank / size;
        long end = offset + length * (groupRank + 1) / size;
        vectors.reduce(begin, end - begin, 0);
        copySlots();
        memory.await();
        if (communicator.hasOtherGroups()) {
            communicator.leaders().ifPresent(leaders -> timed(() -> exchange(leaders, offset)));
            memory.await();
        }
    }

    private void timed(Runnable exchange) {
        long began = System.nanoTime();
        exchange.run();
        networkNanos += System.nanoTime() - began;
    }

    /**
     * Copies this rank's slots into the total. The leader zeroes those of other groups, whose values the exchange adds.
     */
    private void copySlots() {
        float[] slots = new float[shape.slotsOfRank()];
        if (groupRank == 0) {
            for (int other = 0; other < shape.groups.size(); other++) {
                if (!shape.isSameGroup(rank, other)) {
                    vectors.total().put(shape.slotAt(other, 0), slots);
                }
            }
        }
        vectors.vector(groupRank).get(shape.slotAt(rank, 0), slots);
        vectors.total().put(shape.slotAt(rank, 0), slots);
    }

    /** Sums the groups' totals from an offset on, and all slots. */
    private void exchange(ProcessGroup leaders, int offset) {
        try (PointerScope scope = new PointerScope()) {
            if (shape.compression == Compression.NONE) {
                leaders.allReduce(vectors.total(offset, (long) shape.wholeLength() - offset), Compression.NONE);
            } else {
                if (offset < shape.length) {
                    leaders.allReduce(vectors.total(offset, shape.length - offset), shape.compression);
                }
                int slots = shape.wholeLength() - shape.length;
                leaders.allReduce(vectors.total(shape.length, slots), Compression.NONE);
            }
        }
    }

    /** Whether a rank's weight is not the one that it announced. All ranks see the same slots, and answer the same. */
    private boolean isWeightWrong() {
        return IntStream.range(0, shape.groups.size())
                .anyMatch(other -> slot(other, 0) != slot(other, shape.announcedWeight()));
    }

    /** How long this rank has waited for sums between groups so far; on ranks that lead no group it is almost 0. */
    public double networkSeconds() {
        return networkNanos / 1e9;
    }

    /** Tells the other ranks not to wait for this one any more. */
    public void abandon() {
        communicator.abandon();
    }

    @Override
    public void close() {
        if (buckets != null) {
            buckets.close();
        }
        vectors.close();
        communicator.close();
    }
}
