package dev.convoy.collective;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import java.util.stream.IntStream;

/** Runs ranks as threads; their groups meet over real sockets. */
final class Ranks {
    static final int SLOTS = 2;
    /** Of one tile, and of a few. */
    static final List<Integer> HELD = List.of(5, 100_000);

    private Ranks() {}

    /** What a rank does. */
    interface Part<T> {
        T run(int rank) throws Exception;
    }

    /** What a rank does once it has joined. */
    interface CollectivePart {
        float[] run(int rank, Collective collective) throws Exception;
    }

    static CollectiveShape shapeOf(List<String> groups, int length, int early, Compression compression) {
        return shape(
                IntStream.range(0, groups.size())
                        .mapToObj(rank -> new CollectiveShape.Member(groups.get(rank), List.of(rank)))
                        .toList(),
                length,
                early,
                compression);
    }

    static CollectiveShape shape(List<CollectiveShape.Member> members, int length, int early, Compression compression) {
        return new CollectiveShape(
                members, length, early, 0, SLOTS, HELD, MemoryUse.first(), CollectiveBackend.GLOO, compression, 2);
    }

    /** The same, with floats that are summed when they are read. */
    static CollectiveShape deferring(CollectiveShape shape, int deferred) {
        return with(shape, deferred, shape.use());
    }

    /** The same, with another use of memory. */
    static CollectiveShape using(CollectiveShape shape, MemoryUse use) {
        return with(shape, shape.deferred(), use);
    }

    private static CollectiveShape with(CollectiveShape shape, int deferred, MemoryUse use) {
        return new CollectiveShape(
                shape.members(),
                shape.length(),
                shape.early(),
                deferred,
                shape.slots(),
                shape.held(),
                use,
                shape.backend(),
                shape.compression(),
                shape.timeoutSeconds());
    }

    static List<float[]> runAll(CollectiveShape shape, CollectivePart part)
            throws InterruptedException, ExecutionException, TimeoutException {
        return runAll(shape, new Messages(shape.members().size()), part);
    }

    static List<float[]> runAll(CollectiveShape shape, Messages messages, CollectivePart part)
            throws InterruptedException, ExecutionException, TimeoutException {
        return runAll(shape.members().size(), rank -> {
            try (Collective collective =
                    new Collective(rank, shape, "127.0.0.1", OptionalInt.empty(), messages.of(rank), () -> false)) {
                return part.run(rank, collective);
            }
        });
    }

    /** What every rank's part returns, by rank. */
    static <T> List<T> runAll(int ranks, Part<T> part)
            throws InterruptedException, ExecutionException, TimeoutException {
        ExecutorService threads = Executors.newFixedThreadPool(ranks);
        try {
            List<Future<T>> running = new ArrayList<>();
            for (int i = 0; i < ranks; i++) {
                int rank = i;
                running.add(threads.submit(() -> part.run(rank)));
            }
            List<T> results = new ArrayList<>();
            for (Future<T> result : running) {
                results.add(result.get(60, TimeUnit.SECONDS));
            }
            return results;
        } finally {
            threads.shutdownNow();
        }
    }

    /** A barrier that no rank waits at for ever. */
    static void await(CyclicBarrier barrier) {
        try {
            barrier.await(60, TimeUnit.SECONDS);
        } catch (InterruptedException | BrokenBarrierException | TimeoutException e) {
            throw new IllegalStateException(e);
        }
    }

    /** What a barrier stage's allGather does, for threads. */
    static class Messages {
        private final String[] messages;
        private final CyclicBarrier barrier;

        Messages(int ranks) {
            messages = new String[ranks];
            barrier = new CyclicBarrier(ranks);
        }

        /** One rank's channel. */
        Function<String, List<String>> of(int rank) {
            return message -> {
                messages[rank] = message;
                await(barrier);
                List<String> received = received();
                // Nobody sends more before all have received.
                await(barrier);
                return received;
            };
        }

        List<String> received() {
            return List.of(messages);
        }
    }
}
