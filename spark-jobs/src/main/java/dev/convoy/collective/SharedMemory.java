package dev.convoy.collective;

import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/**
 * Memory that the ranks of one group share, whether they are threads of one process or processes of one host: a mapped
 * {@link SharedFile}. It holds a mark for a rank that has failed, counters by which ranks wait for each other, one
 * vector of floats for each rank, and one for the total. A rank writes only its own counters and its own vector; of the
 * total it writes the parts that the callers' protocol assigns to it.
 *
 * <p>Example: two ranks and vectors of 1,000 floats take 12,448 bytes.
 *
 * <pre>
 *      0  failed: 0, or 1 + the group rank of a rank that has failed
 *     64  ARRIVED,  128  FILLED,  192  REDUCED    of group rank 0
 *    256  ARRIVED,  320  FILLED,  384  REDUCED    of group rank 1
 *    448  vector of group rank 0
 *  4,448  vector of group rank 1
 *  8,448  total
 * </pre>
 *
 * <p>A counter is a long and fills a cache line of 64 bytes, so that ranks that write different ones do not slow each
 * other.
 */
final class SharedMemory implements AutoCloseable {
    private static final VarHandle COUNTER =
            MethodHandles.byteBufferViewVarHandle(long[].class, ByteOrder.nativeOrder());
    /** Bytes. */
    private static final int CACHE_LINE = 64;
    /** Bytes from the beginning. */
    private static final int FAILED = 0;

    /** A number that one rank publishes and all others read; it only grows. */
    enum Counter {
        /** How many times the rank has come to {@link SharedMemory#await()}. */
        ARRIVED,
        /** How many buckets of its vector the rank has filled, over all sums. */
        FILLED,
        /** 1 + the last bucket that the rank has reduced, over all sums. */
        REDUCED;

        private static final int COUNT = values().length;
    }

    private static final int SPINS = 2_000;
    private static final int YIELDS = 2_000;
    private static final long NAP_NANOS = 50_000;

    private final ByteBuffer counters;
    private final List<ByteBuffer> mapped = new ArrayList<>();
    private final List<FloatBuffer> vectors = new ArrayList<>();
    private final int groupRank;
    private final int[] ranks;
    private final long timeoutSeconds;
    private final BooleanSupplier cancelled;
    /** How many times this rank has come to {@link #await()}. */
    private long arrivals;

    /**
     * How many bytes the memory of a group takes.
     *
     * @param length of each vector, in floats
     */
    static long size(int groupSize, int length) {
        return vectorsOffset(groupSize) + (groupSize + 1L) * length * Float.BYTES;
    }

    /** Bytes before the first vector: one line for the mark of failure, and one for each counter of each rank. */
    private static long vectorsOffset(int groupSize) {
        return CACHE_LINE * (1L + (long) Counter.COUNT * groupSize);
    }

    /**
     * Maps the file.
     *
     * @param file of {@link #size} bytes
     * @param groupRank this rank's place in the group, from 0
     * @param ranks all ranks of the group, ascending
     * @param length of each vector, in floats
     * @param timeoutSeconds how long this rank waits for another
     * @param cancelled whether this rank shall stop waiting; asked by several threads
     * @throws PeerLostException if the file cannot be mapped
     */
    SharedMemory(Path file, int groupRank, int[] ranks, int length, long timeoutSeconds, BooleanSupplier cancelled) {
        this.groupRank = groupRank;
        this.ranks = ranks;
        this.timeoutSeconds = timeoutSeconds;
        this.cancelled = cancelled;
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            long offset = vectorsOffset(ranks.length);
            counters = map(channel, 0, offset);
            for (int i = 0; i <= ranks.length; i++) {
                long bytes = (long) length * Float.BYTES;
                vectors.add(map(channel, offset, bytes)
                        .order(ByteOrder.nativeOrder())
                        .asFloatBuffer());
                offset += bytes;
            }
        } catch (IOException e) {
            // Either no file system is shared, or the rank that made the file has failed and deleted it.
            throw new PeerLostException(
                    "Cannot share memory with the other executors of this host through " + file + ": "
                            + e.getMessage() + "; where executors have file systems of their own, let only the workers"
                            + " of one executor share memory",
                    e);
        }
    }

    private ByteBuffer map(FileChannel channel, long offset, long bytes) throws IOException {
        ByteBuffer buffer = channel.map(FileChannel.MapMode.READ_WRITE, offset, bytes);
        mapped.add(buffer);
        return buffer;
    }

    /** The vector of one rank of the group. */
    FloatBuffer vector(int ofGroupRank) {
        return vectors.get(ofGroupRank);
    }

    /** The vector for the group's sum. */
    FloatBuffer total() {
        return vectors.get(ranks.length);
    }

    /** Sets one of this rank's counters. Who sees the new value also sees all that this rank wrote before. */
    void publish(Counter counter, long value) {
        COUNTER.setRelease(counters, offsetOf(counter, groupRank), value);
    }

    /** Whether the counter of one rank of the group is at least the value. */
    boolean hasReached(Counter counter, int ofGroupRank, long value) {
        return (long) COUNTER.getAcquire(counters, offsetOf(counter, ofGroupRank)) >= value;
    }

    private static int offsetOf(Counter counter, int groupRank) {
        return CACHE_LINE * (1 + Counter.COUNT * groupRank + counter.ordinal());
    }

    /**
     * A barrier: waits until every rank of the group has called this method as many times as this rank has. Afterwards
     * this rank sees all that the others wrote before they called it.
     *
     * @throws PeerLostException if a rank does not come in time or has failed, or this rank's task is cancelled
     */
    void await() {
        if (cancelled.getAsBoolean()) {
            throw new PeerLostException(ranks[groupRank], "was cancelled");
        }
        arrivals++;
        publish(Counter.ARRIVED, arrivals);
        for (int other = 0; other < ranks.length; other++) {
            await(Counter.ARRIVED, other, arrivals);
        }
    }

    /**
     * Waits until the counter of one rank of the group is at least the value: spins first, which answers soonest, then
     * yields the core, then naps.
     *
     * @throws PeerLostException if the rank does not come in time or has failed, or this rank's task is cancelled
     */
    void await(Counter counter, int ofGroupRank, long value) {
        await(counter, ofGroupRank, value, 0);
    }

    /** Waits as {@link #await(Counter, int, long)} does, but naps at once, so that the core is free for others. */
    void awaitWithoutSpinning(Counter counter, int ofGroupRank, long value) {
        await(counter, ofGroupRank, value, SPINS + YIELDS);
    }

    @SuppressWarnings("ThreadPriorityCheck")
    private void await(Counter counter, int ofGroupRank, long value, int firstTry) {
        long began = System.nanoTime();
        for (int tries = firstTry; !hasReached(counter, ofGroupRank, value); tries++) {
            if (tries < SPINS) {
                Thread.onSpinWait();
            } else if (tries < SPINS + YIELDS) {
                Thread.yield();
            } else {
                checkMayWait(ofGroupRank, began);
                LockSupport.parkNanos(NAP_NANOS);
            }
        }
    }

    private void checkMayWait(int forGroupRank, long began) {
        long failed = (long) COUNTER.getAcquire(counters, FAILED);
        if (failed != 0) {
            throw new PeerLostException(ranks[(int) failed - 1], "has failed");
        }
        if (cancelled.getAsBoolean()) {
            throw new PeerLostException(ranks[forGroupRank], "is waited for no more: the task was cancelled");
        }
        if (System.nanoTime() - began > TimeUnit.SECONDS.toNanos(timeoutSeconds)) {
            throw new PeerLostException(
                    ranks[forGroupRank],
                    "has not come within " + timeoutSeconds + " s, the timeout of the collective; if it only needs more"
                            + " time, raise the timeout");
        }
    }

    /** Marks this rank as failed: whoever waits for any rank of the group stops waiting. */
    void abandon() {
        COUNTER.setRelease(counters, FAILED, (long) groupRank + 1);
    }

    /**
     * Unmaps the memory now, where the garbage collector might wait for long. Access afterwards crashes the process.
     */
    @Override
    public void close() {
        try {
            // By name, since the compiler warns of this class, though Java has no other way before version 22.
            Class<?> unsafe = Class.forName("sun.misc.Unsafe");
            Field instance = unsafe.getDeclaredField("theUnsafe");
            instance.setAccessible(true);
            Method unmap = unsafe.getMethod("invokeCleaner", ByteBuffer.class);
            for (ByteBuffer buffer : mapped) {
                unmap.invoke(instance.get(null), buffer);
            }
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("Cannot unmap memory", e);
        }
    }
}
