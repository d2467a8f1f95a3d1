package dev.convoy.collective;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/**
 * Memory that the members of one group share, whether they are threads of one process or processes of one host: a
 * {@link SharedMapping}, as one member sees it. It holds a mark for a member that has failed, counters by which members wait for each
 * other, and vectors of floats. A member writes only its own counters, and of vectors the parts that the callers' protocol
 * assigns to it.
 *
 * <p>Example: two members with four vectors of 1,000 floats take 16,576 bytes.
 *
 * <pre>
 *      0  failed: 0, or 1 + the place in the group of a member that has failed
 *     64  ARRIVED,  128  FILLED,  192  REDUCED    of the group's first member
 *    256  ARRIVED,  320  FILLED,  384  REDUCED    of the second
 *    448  first vector
 *  4,480  second vector
 *  8,512  third vector
 * 12,544  fourth vector
 * </pre>
 *
 * <p>A counter is a long and fills a cache line of 64 bytes, so that members that write different ones do not slow each
 * other; vectors begin with one.
 */
final class SharedMemory implements AutoCloseable {
    private static final VarHandle COUNTER =
            MethodHandles.byteBufferViewVarHandle(long[].class, ByteOrder.nativeOrder());
    /** Bytes. */
    private static final int CACHE_LINE = 64;
    /** Bytes from the beginning. */
    private static final int FAILED = 0;

    /** A number that one member publishes and all others read; it only grows while the memory is used. */
    enum Counter {
        /** How many times the member has come to {@link SharedMemory#await()}. */
        ARRIVED,
        /** How many buckets of its vectors the member has filled, over all sums. */
        FILLED,
        /** 1 + the last bucket that the member has reduced, over all sums. */
        REDUCED;

        private static final int COUNT = values().length;
    }

    private static final int SPINS = 2_000;
    private static final int YIELDS = 2_000;
    private static final long NAP_NANOS = 50_000;

    private final SharedMapping mapping;
    private final ByteBuffer counters;
    private final int place;
    private final int[] firstRanks;
    private final long timeoutSeconds;
    private final BooleanSupplier cancelled;
    /** How many times this member has come to {@link #await()}. */
    private long arrivals;

    /**
     * How many bytes the memory of a group takes.
     *
     * @param members of the group
     * @param lengths of the vectors, in floats
     */
    static long size(int members, List<Integer> lengths) {
        return countersSize(members)
                + lengths.stream().mapToLong(SharedMemory::bytes).sum();
    }

    /** Of a vector, with what is left of its last cache line. */
    static long bytes(int length) {
        long lines = ((long) length * Float.BYTES + CACHE_LINE - 1) / CACHE_LINE;
        return lines * CACHE_LINE;
    }

    /** Bytes before the first vector: one line for the mark of failure, and one for each counter of each member. */
    static long countersSize(int members) {
        return CACHE_LINE * (1L + (long) Counter.COUNT * members);
    }

    /**
     * One member's view of what its process has mapped.
     *
     * @param mapping of {@link #countersSize} bytes and the vectors; this member's until it is closed
     * @param place this member's in the group, from 0
     * @param firstRanks by place, the first rank of each member of the group, which messages name
     * @param timeoutSeconds how long this member waits for another
     * @param cancelled whether this member shall stop waiting; asked by several threads
     */
    SharedMemory(SharedMapping mapping, int place, int[] firstRanks, long timeoutSeconds, BooleanSupplier cancelled) {
        this.mapping = mapping;
        this.counters = mapping.counters();
        this.place = place;
        this.firstRanks = firstRanks;
        this.timeoutSeconds = timeoutSeconds;
        this.cancelled = cancelled;
        for (Counter counter : Counter.values()) {
            publish(counter, 0);
        }
    }

    /** One of the vectors. */
    FloatBuffer vector(int index) {
        return mapping.vector(index);
    }

    /** Sets one of this member's counters. Who sees the new value also sees all that this member wrote before. */
    void publish(Counter counter, long value) {
        COUNTER.setRelease(counters, offsetOf(counter, place), value);
    }

    /** Whether the counter of one member of the group is at least the value. */
    boolean hasReached(Counter counter, int ofPlace, long value) {
        return (long) COUNTER.getAcquire(counters, offsetOf(counter, ofPlace)) >= value;
    }

    private static int offsetOf(Counter counter, int place) {
        return CACHE_LINE * (1 + Counter.COUNT * place + counter.ordinal());
    }

    /**
     * A barrier: waits until every member of the group has called this method as many times as this one has. Afterwards
     * this member sees all that the others wrote before they called it.
     *
     * @throws PeerLostException if a member does not come in time or has failed, or this member's task is cancelled
     */
    void await() {
        if (cancelled.getAsBoolean()) {
            throw new PeerLostException(firstRanks[place], "was cancelled");
        }
        arrivals++;
        publish(Counter.ARRIVED, arrivals);
        for (int other = 0; other < firstRanks.length; other++) {
            await(Counter.ARRIVED, other, arrivals);
        }
        if (arrivals == 1) {
            mapping.begin();
        }
    }

    /**
     * Waits until the counter of one member of the group is at least the value: spins first, which answers soonest,
     * then yields the core, then naps.
     *
     * @throws PeerLostException if the member does not come in time or has failed, or this member's task is cancelled
     */
    void await(Counter counter, int ofPlace, long value) {
        await(counter, ofPlace, value, 0);
    }

    /** Waits as {@link #await(Counter, int, long)} does, but naps at once, so that the core is free for others. */
    void awaitWithoutSpinning(Counter counter, int ofPlace, long value) {
        await(counter, ofPlace, value, SPINS + YIELDS);
    }

    @SuppressWarnings("ThreadPriorityCheck")
    private void await(Counter counter, int ofPlace, long value, int firstTry) {
        long began = System.nanoTime();
        for (int tries = firstTry; !hasReached(counter, ofPlace, value); tries++) {
            if (tries < SPINS) {
                Thread.onSpinWait();
            } else if (tries < SPINS + YIELDS) {
                Thread.yield();
            } else {
                checkMayWait(ofPlace, began);
                LockSupport.parkNanos(NAP_NANOS);
            }
        }
    }

    private void checkMayWait(int forPlace, long began) {
        long failed = (long) COUNTER.getAcquire(counters, FAILED);
        if (failed != 0) {
            throw new PeerLostException(firstRanks[(int) failed - 1], "has failed");
        }
        if (cancelled.getAsBoolean()) {
            throw new PeerLostException(firstRanks[forPlace], "is waited for no more: the task was cancelled");
        }
        if (System.nanoTime() - began > TimeUnit.SECONDS.toNanos(timeoutSeconds)) {
            throw new PeerLostException(
                    firstRanks[forPlace],
                    "has not come within " + timeoutSeconds + " s, the timeout of the collective; if it only needs more"
                            + " time, raise the timeout");
        }
    }

    /** Marks this member as failed: whoever waits for any member of the group stops waiting. */
    void abandon() {
        COUNTER.setRelease(counters, FAILED, (long) place + 1);
    }

    /** Leaves the memory, which may be taken over if nobody has failed. Access afterwards may crash the process. */
    @Override
    public void close() {
        mapping.leave((long) COUNTER.getAcquire(counters, FAILED) == 0);
    }
}
