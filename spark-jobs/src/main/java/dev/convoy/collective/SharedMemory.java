package dev.convoy.collective;

import dev.convoy.data.ConvoyException;
import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Memory that the ranks of one host share, whether they are threads of one process or processes: a mapped file with a
 * vector for every member, one for their sum, and counters that they wait for each other with. The file is deleted as soon
 * as all have mapped it, so that a process that is killed later leaves nothing behind.
 */
final class SharedMemory implements AutoCloseable {
    /** Linux keeps these files in memory. */
    private static final Path MEMORY = Path.of("/dev/shm");

    private static final String PREFIX = "convoy-";
    private static final String SUFFIX = ".shared";

    private static final VarHandle COUNTER =
            MethodHandles.byteBufferViewVarHandle(long[].class, ByteOrder.nativeOrder());
    /** A counter has a cache line to itself. */
    private static final int LINE = 64;

    /** What members tell of themselves; these numbers only grow. */
    enum Counter {
        /** How often it has waited for all. */
        ARRIVED,
        /** Buckets of its vector that it has filled. */
        FILLED,
        /** Up to which bucket it has added its share of them. */
        ADDED;

        private static final int COUNT = values().length;
    }

    private static final int SPINS = 2_000;
    private static final int YIELDS = 2_000;
    private static final long NAP_NANOS = 50_000;

    private final ByteBuffer counters;
    private final List<ByteBuffer> mapped = new ArrayList<>();
    private final List<FloatBuffer> vectors = new ArrayList<>();
    private final int member;
    private final int[] ranks;
    private final long timeoutNanos;
    private final BooleanSupplier cancelled;
    private long generation;

    /**
     * Makes the file.
     *
     * @param length of each vector, in floats
     */
    static Path create(int members, int length) {
        long size = size(members, length);
        Path folder = Files.isWritable(MEMORY) && MEMORY.toFile().getUsableSpace() > size
                ? MEMORY
                : Path.of(System.getProperty("java.io.tmpdir"));
        try {
            sweep(folder);
            Path file = Files.createTempFile(
                    folder,
                    PREFIX + processes() + "-" + ProcessHandle.current().pid() + "-",
                    SUFFIX,
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
            fill(file, size);
            return file;
        } catch (IOException e) {
            throw new ConvoyException(
                    "Cannot make a file of " + size + " bytes in " + folder + " for sync.transport = all-reduce: "
                            + e.getMessage() + "; make space there or point java.io.tmpdir elsewhere",
                    e);
        }
    }

    /** Removes what processes have left that were killed before all had mapped it; their numbers are in the names. */
    private static void sweep(Path folder) throws IOException {
        Pattern name = Pattern.compile(PREFIX + processes() + "-([0-9]+)-.*" + Pattern.quote(SUFFIX));
        try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, PREFIX + "*" + SUFFIX)) {
            for (Path file : files) {
                Matcher made = name.matcher(file.getFileName().toString());
                if (made.matches()
                        && ProcessHandle.of(Long.parseLong(made.group(1))).isEmpty()
                        && Files.isWritable(file)) {
                    Files.deleteIfExists(file);
                }
            }
        }
    }

    /** What numbers of processes are told apart within: containers that share memory need not share these. */
    private static String processes() throws IOException {
        Path namespace = Path.of("/proc/self/ns/pid");
        return Files.isSymbolicLink(namespace)
                ? Files.readSymbolicLink(namespace).toString().replaceAll("[^0-9]", "")
                : "0";
    }

    /** Zeros all over: of a file with holes, memory would be missing only when it is written to, and end the process. */
    private static void fill(Path file, long size) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            ByteBuffer zeros = ByteBuffer.allocateDirect(1 << 20);
            for (long at = 0; at < size; at += zeros.position()) {
                // Less may be written than asked for.
                zeros.clear().limit((int) Math.min(zeros.capacity(), size - at));
                channel.write(zeros, at);
            }
        } catch (IOException e) {
            Files.delete(file);
            throw e;
        }
    }

    private static long size(int members, int length) {
        return counterBytes(members) + (members + 1L) * length * Float.BYTES;
    }

    /** A line for every counter of every member, and one for the member that has failed. */
    private static long counterBytes(int members) {
        return LINE * (1L + (long) Counter.COUNT * members);
    }

    /**
     * Maps the file.
     *
     * @param member who this is, from 0
     * @param ranks of all members
     * @param cancelled asked while waiting, by more threads than one
     * @throws PeerLostException if the file cannot be seen from here
     */
    SharedMemory(Path file, int member, int[] ranks, int length, long timeoutSeconds, BooleanSupplier cancelled) {
        this.member = member;
        this.ranks = ranks;
        this.timeoutNanos = timeoutSeconds * 1_000_000_000;
        this.cancelled = cancelled;
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            long offset = counterBytes(ranks.length);
            counters = map(channel, 0, offset);
            for (int i = 0; i <= ranks.length; i++) {
                long bytes = (long) length * Float.BYTES;
                vectors.add(map(channel, offset, bytes)
                        .order(ByteOrder.nativeOrder())
                        .asFloatBuffer());
                offset += bytes;
            }
        } catch (IOException e) {
            // It may be gone because the rank that made it is.
            throw new PeerLostException(
                    "Cannot share memory with the other executors of this host through " + file + ": "
                            + e.getMessage() + "; set sync.shared-memory = executor where executors have file systems"
                            + " of their own",
                    e);
        }
    }

    private ByteBuffer map(FileChannel channel, long offset, long bytes) throws IOException {
        ByteBuffer buffer = channel.map(FileChannel.MapMode.READ_WRITE, offset, bytes);
        mapped.add(buffer);
        return buffer;
    }

    /** A member's vector. */
    FloatBuffer vector(int of) {
        return vectors.get(of);
    }

    /** The vector of sums. */
    FloatBuffer total() {
        return vectors.get(ranks.length);
    }

    /** Sets a counter of this member's; what it wrote before is seen by whoever sees that. */
    void publish(Counter counter, long value) {
        COUNTER.setRelease(counters, at(counter, member), value);
    }

    /** Whether a member's counter has come so far. */
    boolean hasReached(Counter counter, int other, long value) {
        return (long) COUNTER.getAcquire(counters, at(counter, other)) >= value;
    }

    private static int at(Counter counter, int member) {
        return LINE * (1 + Counter.COUNT * member + counter.ordinal());
    }

    /**
     * Waits until all members have come here as often; what they wrote before is then seen.
     *
     * @throws PeerLostException if one does not come in time, has failed, or the task is cancelled
     */
    void await() {
        if (cancelled.getAsBoolean()) {
            throw new PeerLostException(ranks[member], "was cancelled");
        }
        generation++;
        publish(Counter.ARRIVED, generation);
        for (int i = 0; i < ranks.length; i++) {
            await(Counter.ARRIVED, i, generation);
        }
    }

    /**
     * Waits for a member's counter, as somebody who has nothing else to do.
     *
     * @throws PeerLostException as {@link #await()} does
     */
    void await(Counter counter, int other, long value) {
        await(counter, other, value, 0);
    }

    /** The same, leaving the core to others. */
    void awaitWithoutSpinning(Counter counter, int other, long value) {
        await(counter, other, value, SPINS + YIELDS);
    }

    private void await(Counter counter, int other, long value, int firstTry) {
        long began = System.nanoTime();
        for (int tries = firstTry; !hasReached(counter, other, value); tries++) {
            if (tries < SPINS) {
                Thread.onSpinWait();
            } else if (tries < SPINS + YIELDS) {
                Thread.yield();
            } else {
                check(other, began);
                LockSupport.parkNanos(NAP_NANOS);
            }
        }
    }

    private void check(int other, long began) {
        long failed = (long) COUNTER.getAcquire(counters, 0);
        if (failed != 0) {
            throw new PeerLostException(ranks[(int) failed - 1], "has failed");
        }
        if (cancelled.getAsBoolean()) {
            throw new PeerLostException(ranks[other], "is waited for no more: the task was cancelled");
        }
        if (System.nanoTime() - began > timeoutNanos) {
            throw new PeerLostException(
                    ranks[other], "has not come within " + timeoutNanos / 1_000_000_000 + " s (sync.timeout)");
        }
    }

    /** Tells the others not to wait for this member. */
    void abandon() {
        COUNTER.setRelease(counters, 0, (long) member + 1);
    }

    /** Unmaps the memory, which the garbage collector would do only once it has reason to; nobody must touch it afterwards. */
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
