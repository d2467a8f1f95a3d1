package dev.convoy.collective;

import dev.convoy.data.ConvoyException;
import dev.convoy.data.natives.Natives;
import dev.convoy.model.Vector;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.bytedeco.javacpp.PointerScope;

/**
 * Sums one vector of floats of every rank, each times the rank's weight, and gives all of them the total: a weighted
 * all-reduce. A member is a thread that takes part, for one rank or for several. The members of a group share memory;
 * each reduces one slice of the vector for all of the group's ranks, in their order. The leaders of groups then
 * all-reduce the groups' sums, so that one vector leaves a group, however many ranks it has. All ranks get the same
 * bits, and the same ranks in the same groups get them again, whichever members they belong to.
 *
 * <p>Beside its vector every rank has a few slots, floats of its own that all ranks can read after the sum; the first
 * is its weight.
 *
 * <p>Parts of a vector may go ahead of the rest where a member has one rank. Example with 700,000 floats, 600,000 of them {@link CollectiveShape#early}, on
 * rank {@code r}:
 *
 * <pre>
 *   vector(r): set floats 300,000 to 599,999
 *   submit(32, 300_000)               the weight of this rank will be 32; groups may exchange these floats from now on
 *   vector(r): set floats 0 to 299,999 and 600,000 to 699,999
 *   sum(new float[] {32, ...})        exchanges the rest; had the weight changed, it would sum all floats again
 *   total, slot                       read the result
 * </pre>
 *
 * <p>One thread uses a collective. Closing it releases its native memory.
 */
public final class Collective implements AutoCloseable {
    private final CollectiveShape shape;
    private final List<Integer> ranks;
    private final Communicator communicator;
    private final SharedMemory memory;
    private final GroupVectors vectors;
    /** Null if no part may go ahead, or if that would gain nothing. */
    private final Buckets buckets;

    private long networkNanos;

    /**
     * Connects this member with all others; all members do so at the same time.
     *
     * @param member this one's place in {@link CollectiveShape#members}
     * @param address of this member's process, at which others reach its sockets
     * @param gpu the device that this member's replica computes on, which NCCL sums on too
     * @param channel brings every member's message to every member, in their order, as {@code
     *     BarrierTaskContext.allGather} does
     * @param cancelled whether this member shall stop waiting for others; asked by several threads
     * @throws ConvoyException if the backend cannot sum in this process
     * @throws PeerLostException if a member fails or does not come in time
     */
    public Collective(
            int member,
            CollectiveShape shape,
            String address,
            OptionalInt gpu,
            Function<String, List<String>> channel,
            BooleanSupplier cancelled) {
        shape.backend().check(address, gpu);
        Natives.TORCH.load();
        this.shape = shape;
        this.ranks = shape.members().get(member).ranks();
        this.communicator = new Communicator(member, shape, address, gpu, channel, cancelled);
        this.memory = communicator.memory();
        try {
            this.vectors = new GroupVectors(memory, communicator.ranks(), communicator.deferred(), shape);
            this.buckets = communicator.hasOtherGroups() && Buckets.suit(shape.early())
                    ? new Buckets(shape, communicator, vectors)
                    : null;
        } catch (RuntimeException | Error e) {
            communicator.abandon();
            communicator.close();
            throw e;
        }
    }

    /**
     * The vector of one of this member's ranks. The caller sets it before {@link #sum}, unless the rank's weight is 0,
     * and between two sums may change whatever it has not submitted.
     */
    public FloatBuffer vector(int ofRank) {
        return whole(ofRank).slice(0, shape.length());
    }

    /** The vector of one of this member's ranks, with all slots. */
    private FloatBuffer whole(int ofRank) {
        return vectors.vector(Arrays.binarySearch(communicator.ranks(), ofRank));
    }

    /**
     * A piece of the sum over all ranks. The caller may read it from the end of a sum until the next {@link #submit} or {@link
     * #sum}, and until it asks for another piece. A piece of {@link CollectiveShape#deferred} floats, of {@link Vector#TILE} at most, may
     * be added up only now: so no member changes its vectors before all have read, as {@link #meet} tells them.
     */
    public FloatBuffer total(int offset, int length) {
        return vectors.total(offset, length);
    }

    /** Names the use that is made of shared memory, for {@link MemoryUse#previous}. */
    public String memoryUse() {
        return shape.use().id();
    }

    /** Whether this member's group has {@link #held} vectors. */
    public boolean holds() {
        return communicator.holds();
    }

    /**
     * One of the vectors that this group's members hold together. What it holds at first nobody knows. Who writes what, and when, is the
     * callers' business; what one wrote before {@link #meet}, all others see after it.
     */
    public FloatBuffer held(int index) {
        return vectors.held(index);
    }

    /**
     * Waits until all members of this group have come here as often.
     *
     * @throws PeerLostException if a member fails or does not come in time
     */
    public void meet() {
        memory.await();
    }

    /**
     * This member's part of a vector that its group shares out, in whole tiles as far as they go.
     *
     * @param first float of the part
     * @param length of the part; 0 if there are fewer tiles than members
     */
    public record Part(int first, int length) {
        private static Part of(int from, int end, int place, int size) {
            long tiles = (end - from + Vector.TILE - 1L) / Vector.TILE;
            int begin = (int) Math.min(end, from + Vector.TILE * (tiles * place / size));
            return new Part(begin, (int) Math.min(end, from + Vector.TILE * (tiles * (place + 1) / size)) - begin);
        }
    }

    /** This member's part of a vector of this length: the parts of a group's members follow each other, and make up the whole. */
    public Part part(int length) {
        return Part.of(0, length, communicator.place(), communicator.groupSize());
    }

    /** What a rank had in one of its slots in the last sum. */
    public float slot(int ofRank, int slot) {
        return vectors.slot(ofRank, slot);
    }

    /** Whether {@link #submit} may be called; if not, {@link #sum} alone sums everything. */
    public boolean acceptsParts() {
        return buckets != null && ranks.size() == 1;
    }

    /**
     * Lets a part of the vector of this member's only rank go ahead of the rest, and returns without waiting for others. The part begins
     * at the offset and ends where the last one began, or else at {@link CollectiveShape#early}. It must not change until
     * {@link #sum} returns.
     *
     * @param weight the rank's in the next sum, the same for all its parts; should {@link #sum} get another, it sums
     *     everything again
     * @param offset the part's first float, from 0
     */
    public void submit(float weight, int offset) {
        if (buckets.isEmpty()) {
            announce(ranks.get(0), weight);
        }
        buckets.submit(offset);
    }

    private void announce(int ofRank, float weight) {
        whole(ofRank).put(shape.slotAt(ofRank, shape.announcedWeight()), weight);
    }

    /**
     * Sums all ranks' vectors, each times its weight, for {@link #total}. All members call it at the same time.
     *
     * @param slots those of each of this member's ranks, in their order; the first is the rank's weight
     * @throws PeerLostException if a member fails or does not come in time
     */
    public void sum(float[]... slots) {
        for (int i = 0; i < slots.length; i++) {
            int rank = ranks.get(i);
            whole(rank).put(shape.slotAt(rank, 0), slots[i]);
            if (buckets != null && buckets.isEmpty()) {
                announce(rank, slots[i][0]);
            }
        }
        if (buckets == null) {
            sumFrom(communicator.deferred());
            return;
        }
        buckets.submit(0);
        buckets.reduceRest();
        timed(buckets::awaitExchange);
        sumFrom(shape.early());
        if (isWeightWrong()) {
            sumFrom(0);
        }
    }

    /** Sums all vectors from an offset on, and all slots. */
    private void sumFrom(int offset) {
        memory.await();
        Part own = Part.of(offset, shape.length(), communicator.place(), communicator.groupSize());
        vectors.reduce(own.first, own.length, GroupVectors.WEIGHT);
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
     * Copies the slots of this member's ranks into the total. The leader zeroes those of other groups, whose values the
     * exchange adds.
     */
    private void copySlots() {
        float[] slots = new float[shape.slotsOfRank()];
        if (communicator.place() == 0) {
            for (int other = 0; other < shape.ranks(); other++) {
                if (Arrays.binarySearch(communicator.ranks(), other) < 0) {
                    vectors.putSlots(other, slots);
                }
            }
        }
        for (int rank : ranks) {
            whole(rank).get(shape.slotAt(rank, 0), slots);
            vectors.putSlots(rank, slots);
        }
    }

    /** Sums the groups' totals from an offset on, and all slots. */
    private void exchange(ProcessGroup leaders, int offset) {
        try (PointerScope scope = new PointerScope()) {
            if (shape.compression() == Compression.NONE) {
                leaders.allReduce(vectors.tensor(offset, shape.wholeLength() - offset), Compression.NONE);
            } else {
                if (offset < shape.length()) {
                    leaders.allReduce(vectors.tensor(offset, shape.length() - offset), shape.compression());
                }
                int slots = shape.wholeLength() - shape.length();
                leaders.allReduce(vectors.tensor(shape.length(), slots), Compression.NONE);
            }
        }
    }

    /** Whether a rank's weight is not the one that it announced. All ranks see the same slots, and answer the same. */
    private boolean isWeightWrong() {
        return IntStream.range(0, shape.ranks())
                .anyMatch(other -> slot(other, 0) != slot(other, shape.announcedWeight()));
    }

    /** How long this member has waited for sums between groups so far; one that leads no group has hardly waited. */
    public double networkSeconds() {
        return networkNanos / 1e9;
    }

    /** Tells the other members not to wait for this one any more. */
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
