package dev.convoy.collective;

import java.io.IOException;
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
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;

/**
 * A {@link SharedFile} that this process has mapped, once for all members of a group that run in it. Since the first access to each page
 * takes microseconds, the mapping that was used last is kept when all of its members have left it in good order, and a group of the same
 * name and measures may take it over, if all of its members' processes still have the same file. What nobody takes over within minutes is
 * unmapped.
 *
 * <pre>
 *   map ──> in use ──> left by all, in good order: kept ──> reserved by a group's members ──> in use ...
 *             └──────> left by all, but not so:    unmapped     └── left, since another process has not kept it: unmapped
 * </pre>
 */
final class SharedMapping {
    /** All of this process. */
    private static final List<SharedMapping> ALL = new ArrayList<>();

    private static final long KEPT_MINUTES = 5;

    private final String group;
    private final Path file;
    private final long countersSize;
    private final List<Integer> lengths;
    private final List<ByteBuffer> mapped = new ArrayList<>();
    private final ByteBuffer counters;
    private final List<FloatBuffer> vectors = new ArrayList<>();

    private int users;
    /** How many times it has been taken over. */
    private int reuses;
    /** Whether nobody computes with it yet, so that other members of the same group may join. */
    private boolean reserved;

    private boolean sound = true;

    private SharedMapping(String group, Path file, long countersSize, List<Integer> lengths) throws IOException {
        this.group = group;
        this.file = file;
        this.countersSize = countersSize;
        this.lengths = lengths;
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            counters = map(channel, 0, countersSize);
            long offset = countersSize;
            for (int length : lengths) {
                vectors.add(map(channel, offset, (long) length * Float.BYTES)
                        .order(ByteOrder.nativeOrder())
                        .asFloatBuffer());
                offset += SharedMemory.bytes(length);
            }
        }
    }

    private ByteBuffer map(FileChannel channel, long offset, long bytes) throws IOException {
        // Several pages at a time, and not one at the first write to each.
        ByteBuffer buffer =
                channel.map(FileChannel.MapMode.READ_WRITE, offset, bytes).load();
        mapped.add(buffer);
        return buffer;
    }

    /**
     * Takes what was kept of the same group and measures, for one more of its members; what was kept of another is unmapped, so that its
     * memory is free.
     *
     * @param countersSize bytes before the first vector
     * @param lengths of the vectors, in floats
     */
    static synchronized Optional<SharedMapping> reserve(String group, long countersSize, List<Integer> lengths) {
        Optional<SharedMapping> found = ALL.stream()
                .filter(known -> (known.users == 0 || known.reserved)
                        && known.group.equals(group)
                        && known.countersSize == countersSize
                        && known.lengths.equals(lengths))
                .findFirst();
        found.ifPresent(known -> {
            known.reuses += known.users == 0 ? 1 : 0;
            known.reserved = true;
            known.users++;
        });
        drop(known -> known.users == 0);
        return found;
    }

    /**
     * Maps a file, unless another member has done so, for one member.
     *
     * @throws IOException if this process cannot
     */
    static synchronized SharedMapping map(String group, Path file, long countersSize, List<Integer> lengths)
            throws IOException {
        for (SharedMapping known : ALL) {
            if (known.file.equals(file)) {
                known.users++;
                return known;
            }
        }
        SharedMapping mapping = new SharedMapping(group, file, countersSize, lengths);
        mapping.users = 1;
        ALL.add(mapping);
        return mapping;
    }

    /** The file, which may be deleted by now; no other has had its name. */
    Path file() {
        return file;
    }

    /** The bytes before the first vector. */
    ByteBuffer counters() {
        return counters;
    }

    /** One of the vectors. */
    FloatBuffer vector(int index) {
        return vectors.get(index);
    }

    /** Says that members begin to compute, so that nobody else may join. */
    void begin() {
        synchronized (SharedMapping.class) {
            reserved = false;
        }
    }

    /**
     * Ends one member's use. Access afterwards may crash the process.
     *
     * @param inOrder whether the memory may be taken over
     */
    void leave(boolean inOrder) {
        synchronized (SharedMapping.class) {
            sound &= inOrder;
            users--;
            if (users == 0) {
                drop(known -> known.users == 0 && (known != this || !sound));
                int reusesSoFar = reuses;
                CompletableFuture.delayedExecutor(KEPT_MINUTES, TimeUnit.MINUTES)
                        .execute(() -> expire(reusesSoFar));
            }
        }
    }

    private void expire(int reusesThen) {
        synchronized (SharedMapping.class) {
            drop(known -> known == this && users == 0 && reuses == reusesThen);
        }
    }

    private static void drop(Predicate<SharedMapping> which) {
        ALL.removeIf(known -> {
            boolean goes = which.test(known);
            if (goes) {
                known.unmap();
            }
            return goes;
        });
    }

    /** Now, where the garbage collector might wait for long. */
    private void unmap() {
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
