package dev.convoy.collective;

import dev.convoy.data.ConvoyException;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.bytedeco.javacpp.PointerScope;

/**
 * Weighted sums of vectors over ranks. Ranks that share memory are added there, in the order of ranks, each rank adding one slice
 * for all; of every such group one rank then exchanges the group's sum with the other groups, so that a single vector leaves
 * it. Beside the vector every rank has a few slots of its own, which all ranks see afterwards; the first is its weight. Parts of
 * a vector can go ahead of the rest.
 *
 * <p>Used by one thread. Sums are the same bits for the same ranks in the same groups. Closing releases native memory.
 */
public final class Collective implements AutoCloseable {
    /**
     * What all ranks agree on.
     *
     * @param groups for every rank the name of the memory that it can share, equal names sharing one
     * @param length floats in the vector
     * @param early how many of them, at the vector's beginning, ranks can offer before the others; 0 for none
     * @param slots floats of each rank's own beside it, at least 1
     * @param backend that groups exchange their sums with
     * @param compression of what leaves a group; slots stay exact
     * @param timeoutSeconds how long one rank waits for another
     */
    public record Shape(
            List<String> groups,
            int length,
            int early,
            int slots,
            CollectiveBackend backend,
            Compression compression,
            long timeoutSeconds) {
        int wholeLength() {
            return Math.addExact(length, Math.multiplyExact(groups.size(), slotsOfRank()));
        }

        /** One more than the caller's: what a rank says its weight is before it knows. */
        private int slotsOfRank() {
            return slots + 1;
        }

        /** Where a slot lies in a vector. */
        int slotAt(int rank, int index) {
            return length + rank * slotsOfRank() + index;
        }

        private int[] membersOf(int rank) {
            return IntStream.range(0, groups.size())
                    .filter(other -> groups.get(other).equals(groups.get(rank)))
                    .toArray();
        }
    }

    private final int rank;
    private final Shape shape;
    private final int[] members;
    private final int member;
    private final boolean linked;
    private final SharedMemory memory;
    private final GroupVectors group;
    /** To other groups; of the first member alone, and only if there are any. */
    private final ProcessGroup link;
    /** Null if nothing comes early, or nothing is gained by it. */
    private final Buckets buckets;

    private long networkNanos;

    /**
     * Joins; all ranks do so at the same time.
     *
     * @param address this rank's own, for sockets
     * @param gpu that this rank's replica computes on, for NCCL
     * @param channel brings every rank's message to every rank, by rank, as {@code BarrierTaskContext.allGather} does
     * @param cancelled asked while waiting, by more threads than one
     * @throws ConvoyException if the library cannot sum here
     * @throws PeerLostException if a rank does not come in time
     */
    public Collective(
            int rank,
            Shape shape,
            String address,
            OptionalInt gpu,
            Function<String, List<String>> channel,
            BooleanSupplier cancelled) {
        shape.backend.check(address, gpu);
        this.rank = rank;
        this.shape = shape;
        this.members = shape.membersOf(rank);
        this.member = (int) IntStream.of(members).filter(other -> other < rank).count();
        List<String> names = shape.groups.stream().distinct().toList();
        this.linked = names.size() > 1;
        Path file = member == 0 ? SharedMemory.create(members.length, shape.wholeLength()) : null;
        SharedMemory mapped = null;
        ProcessGroup made = null;
        try {
            List<RankInfo> all = RankInfo.of(file, address).allGather(rank, channel);
            Path shared = Path.of(all.get(members[0]).file());
            mapped = new SharedMemory(shared, member, members, shape.wholeLength(), shape.timeoutSeconds, cancelled);
            memory = mapped;
            memory.await();
            // All have mapped it.
            delete(file);
            if (linked) {
                made = link(names, address, gpu, new Rendezvous(channel));
            }
            link = made;
        } catch (RuntimeException | Error e) {
            giveUp(file, mapped, made, e);
            throw e;
        }
        group = new GroupVectors(memory, members, shape);
        buckets = linked && Buckets.suit(shape.early) ? new Buckets(shape, memory, group, member, link) : null;
    }

    /** Connects groups, which every rank has to take part in; null on all but the first member of each. */
    private ProcessGroup link(List<String> names, String address, OptionalInt gpu, Rendezvous rendezvous) {
        if (member > 0) {
            rendezvous.standBy();
            return null;
        }
        ProcessGroup.Options place = new ProcessGroup.Options(
                names.indexOf(shape.groups.get(rank)), names.size(), address, gpu, shape.timeoutSeconds);
        return new ProcessGroup(rendezvous, place, shape.backend);
    }

    private static void giveUp(Path file, SharedMemory memory, ProcessGroup link, Throwable reason) {
        try {
            delete(file);
        } catch (ConvoyException e) {
            reason.addSuppressed(e);
        }
        if (link != null) {
            link.abandon();
            link.close();
        }
        if (memory != null) {
            memory.abandon();
            memory.close();
        }
    }

    private static void delete(Path file) {
        try {
            if (file != null) {
                Files.deleteIfExists(file);
            }
        } catch (IOException e) {
            throw new ConvoyException("Cannot delete " + file + ": " + e.getMessage(), e);
        }
    }

    /** This rank's vector, to be filled before {@link #sum} unless its weight is 0. */
    public FloatBuffer vector() {
        return group.vector(member).slice(0, shape.length);
    }

    /** The sum over all ranks, to be read until the next {@link #sum} or {@link #submit}. */
    public FloatBuffer total() {
        return group.total().slice(0, shape.length);
    }

    /** What a rank has put into one of its slots. */
    public float slot(int of, int index) {
        return group.total().get(shape.slotAt(of, index));
    }

    /** Whether {@link #submit} may be called. */
    public boolean acceptsParts() {
        return buckets != null;
    }

    /**
     * Lets a part of the next sum go ahead of the rest, which this rank still computes. What was offered must not change until that sum.
     *
     * @param weight that this rank will have in it, the same in all offers; should {@link #sum} be told another one, it sums everything
     *     again
     * @param from where the part begins; it ends where the last one began, or where nothing comes early any more
     */
    public void submit(float weight, int from) {
        if (buckets.isEmpty()) {
            group.vector(member).put(shape.slotAt(rank, shape.slots), weight);
        }
        buckets.submit(from);
    }

    /**
     * Sums all ranks' vectors, each times its weight.
     *
     * @param values this rank's slots; the first is its weight
     * @throws PeerLostException if a rank does not come in time, or is lost
     */
    public void sum(float[] values) {
        group.vector(member).put(shape.slotAt(rank, 0), values);
        if (buckets == null) {
            sumFrom(0);
            return;
        }
        submit(values[0], 0);
        buckets.complete();
        timed(buckets::end);
        sumFrom(shape.early);
        if (isMistaken()) {
            sumFrom(0);
        }
    }

    /** Sums what has not gone ahead. */
    private void sumFrom(int from) {
        memory.await();
        long length = shape.length - from;
        long begin = from + length * member / members.length;
        group.add(begin, from + length * (member + 1) / members.length - begin, 0);
        addSlots();
        memory.await();
        if (linked) {
            if (link != null) {
                timed(() -> exchange(from));
            }
            memory.await();
        }
    }

    private void timed(Runnable exchange) {
        long began = System.nanoTime();
        exchange.run();
        networkNanos += System.nanoTime() - began;
    }

    /** Every member writes its own slots; those of other groups come with their sums. */
    private void addSlots() {
        float[] slots = new float[shape.slotsOfRank()];
        if (member == 0) {
            for (int other = 0; other < shape.groups.size(); other++) {
                if (!shape.groups.get(other).equals(shape.groups.get(rank))) {
                    group.total().put(shape.slotAt(other, 0), slots);
                }
            }
        }
        group.vector(member).get(shape.slotAt(rank, 0), slots);
        group.total().put(shape.slotAt(rank, 0), slots);
    }

    private void exchange(int from) {
        int slots = shape.wholeLength() - shape.length;
        try (PointerScope scope = new PointerScope()) {
            if (shape.compression == Compression.NONE) {
                link.sum(group.total(from, (long) shape.wholeLength() - from), Compression.NONE);
            } else {
                if (from < shape.length) {
                    link.sum(group.total(from, shape.length - from), shape.compression);
                }
                link.sum(group.total(shape.length, slots), Compression.NONE);
            }
        }
    }

    /** Whether anybody's weight is not what it said when it made its offers. All ranks see the same. */
    private boolean isMistaken() {
        return IntStream.range(0, shape.groups.size()).anyMatch(other -> slot(other, 0) != slot(other, shape.slots));
    }

    /** Spent so far on waiting for sums with other groups; next to nothing on ranks that do not exchange with them. */
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
        if (buckets != null) {
            buckets.close();
        }
        if (link != null) {
            link.close();
        }
        group.close();
    }
}
