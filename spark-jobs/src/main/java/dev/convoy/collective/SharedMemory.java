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
 * Memory that the members of one group share, whether they are threads of one process or processes of one host: a
 * mapped {@link SharedFile}. It holds a mark for a member that has failed, counters by which members wait for each
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

    /** A number that one member publishes and all others read; it only grows. */
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

    private final ByteBuffer counters;
    private final List<ByteBuffer> mapped = new ArrayList<>();
    private final List<FloatBuffer> vectors = new ArrayList<>();
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
        return vectorsOffset(members)
                + lengths.stream().mapToLong(SharedMemory::bytes).sum();
    }

    /** Of a vector, with what is left of its last cache line. */
    private static long bytes(int length) {
        long lines = ((long) length * Float.BYTES + CACHE_LINE - 1) / CACHE_LINE;
        return lines * CACHE_LINE;
    }

    /** Bytes before the first vector: one line for the mark of failure, and one for each counter of each member. */
    private static long vectorsOffset(int members) {
        return CACHE_LINE * (1L + (long) Counter.COUNT * members);
    }

    /**
     * Maps the file.
     *
     * @param file of {@link #size} bytes, or more
     * @param place this member's in the group, from 0
     * @param firstRanks by place, the first rank of each member of the group, which messages name
     * @param lengths of the vectors, in floats
     * @param timeoutSeconds how long this member waits for another
     * @param cancelled whether this member shall stop waiting; asked by several threads
     * @throws PeerLostException if the file cannot be mapped
     */
    SharedMemory(
            Path file,
            int place,
            int[] firstRanks,
            List<Integer> lengths,
            long timeoutSeconds,
            BooleanSupplier cancelled) {
        this.place = place;
        this.firstRanks = firstRanks;
        this.timeoutSeconds = timeoutSeconds;
        this.cancelled = cancelled;
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            long offset = vectorsOffset(firstRanks.length);
            counters = map(channel, 0, offset);
            for (int length : lengths) {
                vectors.add(map(channel, offset, (long) length * Float.BYTES)
                        .order(ByteOrder.nativeOrder())
                        .asFloatBuffer());
                offset += bytes(length);
            }
        } catch (IOException e) {
            // Either no file system is shared, or the member that made the file has failed and deleted it.
            throw new PeerLostException(
                    "Cannot share memory with the other executors of this host through " + file + ": "
                            + e.getMessage() + "; where executors have file systems of their own, let only the workers"
                            + " of one executor share memory",
                    e);
        }
    }

    private ByteBuffer map(FileChannel channel, long offset, long bytes) throws IOException {
        // Several pages at a time, and not one at the first write to each.
        ByteBuffer buffer =
                channel.map(FileChannel.MapMode.READ_WRITE, offset, bytes).load();
        mapped.add(buffer);
        return buffer;
    }

    /** One of the vectors. */
    FloatBuffer vector(int index) {
        return vectors.get(index);
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
