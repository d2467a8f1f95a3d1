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
 * takes microseconds, the mapping that was used last is kept when all of its members have left it in good order, and the members of the
 * {@link MemoryUse} that follows may take it over, if the processes of all members have kept theirs. What nobody takes over within
 * minutes is unmapped.
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
    /** The last one. */
    private String use;
    /** Whether nobody computes with it yet, so that other members of the same group may join. */
    private boolean reserved;

    private boolean sound = true;

    private SharedMapping(String use, String group, Path file, long countersSize, List<Integer> lengths)
            throws IOException {
        this.use = use;
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
     * Takes what was kept of the use before, with the same group and measures, for one more of its members; what else was kept is
     * unmapped, so that its memory is free.
     *
     * @param countersSize bytes before the first vector
     * @param lengths of the vectors, in floats
     */
    static synchronized Optional<SharedMapping> reserve(
            MemoryUse use, String group, long countersSize, List<Integer> lengths) {
        Optional<SharedMapping> found = ALL.stream()
                .filter(known -> known.isOpenTo(use)
                        && known.group.equals(group)
                        && known.countersSize == countersSize
                        && known.lengths.equals(lengths))
                .findFirst();
        found.ifPresent(known -> {
            known.use = use.id();
            known.reserved = true;
            known.users++;
        });
        drop(known -> known.users == 0);
        return found;
    }

    private boolean isOpenTo(MemoryUse next) {
        return sound
                && (users == 0 ? next.mayFollow(use) : reserved && next.id().equals(use));
    }

    /**
     * Maps a file, unless another member has done so, for one member.
     *
     * @throws IOException if this process cannot
     */
    static synchronized SharedMapping map(
            MemoryUse use, String group, Path file, long countersSize, List<Integer> lengths) throws IOException {
        for (SharedMapping known : ALL) {
            if (known.file.equals(file)) {
                known.users++;
                return known;
            }
        }
        SharedMapping mapping = new SharedMapping(use.id(), group, file, countersSize, lengths);
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
                String last = use;
                CompletableFuture.delayedExecutor(KEPT_MINUTES, TimeUnit.MINUTES)
                        .execute(() -> expire(last));
            }
        }
    }

    private void expire(String useThen) {
        synchronized (SharedMapping.class) {
            drop(known -> known == this && users == 0 && use.equals(useThen));
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
