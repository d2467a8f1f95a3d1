package dev.convoy.collective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.nio.FloatBuffer;
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
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Ranks as threads; groups of them meet over real sockets. */
@Timeout(120)
class CollectiveTest {
    private static final int LENGTH = 1001;
    private static final int SLOTS = 2;
    /** Several buckets. */
    private static final int LONG = 700_001;

    /** What a rank does once it has joined. */
    private interface Part {
        float[] run(int rank, Collective collective);
    }

    @ParameterizedTest
    @CsvSource({"a, NONE", "a a, NONE", "a b, NONE", "a a b, NONE", "a b a c, NONE", "a a, BF16", "a a b, BF16"})
    void sumsAreWeightedAndSlotsAreExact(String groups, Compression compression) throws Exception {
        List<String> names = List.of(groups.split(" "));
        List<float[]> totals = runAll(names, compression, (rank, collective) -> {
            float[] total = new float[LENGTH];
            for (int round = 0; round < 3; round++) {
                // Rank 1 weighs nothing, and what lies in its vector must not matter.
                for (int i = 0; i < LENGTH; i++) {
                    collective.vector().put(i, rank == 1 ? Float.NaN : value(rank, i));
                }
                collective.sum(new float[] {rank == 1 ? 0 : rank + 1, 16_777_215 - rank});
                collective.total().get(0, total);
                for (int other = 0; other < names.size(); other++) {
                    assertThat(collective.slot(other, 0)).isEqualTo(other == 1 ? 0 : other + 1);
                    assertThat(collective.slot(other, 1)).isEqualTo(16_777_215 - other);
                }
            }
            return total;
        });
        for (float[] total : totals) {
            assertThat(total).as("the same on every rank").isEqualTo(totals.get(0));
        }
        for (int i = 0; i < LENGTH; i++) {
            double expected = 0;
            for (int rank = 0; rank < names.size(); rank++) {
                expected += rank == 1 ? 0 : (rank + 1) * (double) value(rank, i);
            }
            boolean rounded = compression == Compression.BF16 && names.contains("b");
            assertThat((double) totals.get(0)[i]).isCloseTo(expected, within(rounded ? 0.05 : 1e-5));
        }
    }

    private static float value(int rank, int i) {
        return (float) Math.sin(rank * 31 + i);
    }

    /** Whatever every rank offers ahead, and when; rank 1 finds out too late that it must not count in the second round. */
    @ParameterizedTest
    @CsvSource({"a b, NONE", "a a b, NONE", "a b a c, NONE", "a a a b, BF16"})
    void whatGoesAheadIsSummedAlike(String groups, Compression compression) throws Exception {
        List<String> names = List.of(groups.split(" "));
        List<float[]> expected = runAll(shape(names, LONG, 0, compression), CollectiveTest::threeRounds);
        List<float[]> found = runAll(shape(names, LONG, LONG - 5, compression), CollectiveTest::threeRounds);
        for (float[] totals : found) {
            assertThat(totals).as("the same on every rank").isEqualTo(found.get(0));
        }
        if (names.contains("c")) {
            // The order of sums over more than two groups depends on where buckets begin.
            double largest = IntStream.range(0, expected.get(0).length)
                    .mapToDouble(i -> Math.abs(found.get(0)[i] - expected.get(0)[i]))
                    .max()
                    .getAsDouble();
            assertThat(largest).isLessThan(1e-5);
        } else {
            assertThat(found.get(0)).isEqualTo(expected.get(0));
        }
    }

    private static float[] threeRounds(int rank, Collective collective) {
        float[] totals = new float[3 * LONG];
        for (int round = 0; round < 3; round++) {
            boolean wrong = rank == 1 && round == 1;
            int end = LONG;
            // Never, as gradients come, or all but everything at once.
            List<List<Integer>> ways = List.of(List.of(), List.of(LONG - 9, LONG / 2, LONG / 3), List.of(7));
            for (int from : ways.get((rank + round) % 3)) {
                fill(collective, rank, from, end, wrong);
                if (collective.acceptsParts()) {
                    collective.submit(weight(rank), from);
                }
                end = from;
            }
            fill(collective, rank, 0, end, wrong);
            collective.sum(new float[] {wrong ? 0 : weight(rank), round});
            collective.total().get(0, totals, round * LONG, LONG);
        }
        return totals;
    }

    /** Products are rounded. */
    private static float weight(int rank) {
        return 3 + 4 * rank;
    }

    private static void fill(Collective collective, int rank, int from, int end, boolean wrong) {
        FloatBuffer vector = collective.vector();
        for (int i = from; i < end; i++) {
            vector.put(i, wrong ? Float.NaN : value(rank, i));
        }
    }

    @Test
    void aRankThatFailsWhileOthersGoAheadIsNotWaitedFor() {
        assertThatThrownBy(() ->
                        runAll(shape(List.of("a", "a", "b"), LONG, LONG, Compression.NONE), (rank, collective) -> {
                            if (rank == 1) {
                                collective.submit(1, LONG / 2);
                                collective.abandon();
                            } else {
                                collective.submit(1, 0);
                                collective.sum(new float[] {1, 0});
                            }
                            return new float[0];
                        }))
                .hasStackTraceContaining("Rank 1 has failed");
    }

    @Test
    void aRankThatDoesNotComeIsNamed() {
        assertThatThrownBy(() -> runAll(List.of("a", "a"), Compression.NONE, (rank, collective) -> {
                    if (rank == 0) {
                        collective.sum(new float[] {1, 0});
                    }
                    return new float[0];
                }))
                .hasRootCauseInstanceOf(PeerLostException.class)
                .hasStackTraceContaining("Rank 1 has not come within 2 s (sync.timeout)");
    }

    @Test
    void aRankThatFailsIsNotWaitedFor() {
        assertThatThrownBy(() -> runAll(List.of("a", "a"), Compression.NONE, (rank, collective) -> {
                    if (rank == 1) {
                        collective.abandon();
                    } else {
                        collective.sum(new float[] {1, 0});
                    }
                    return new float[0];
                }))
                .hasStackTraceContaining("Rank 1 has failed");
    }

    /** Of another group, so that there is no shared memory to tell. */
    @Test
    void aGroupThatDoesNotComeIsNotWaitedForInVain() {
        Messages lost = new Messages(2) {
            @Override
            Function<String, List<String>> of(int rank) {
                String silent = "{\"done\":true,\"failure\":null,\"news\":{}}";
                return message -> super.of(rank).apply(rank == 1 && message.contains("news") ? silent : message);
            }
        };
        assertThatThrownBy(() -> runAll(List.of("a", "b"), Compression.NONE, lost, (rank, collective) -> new float[0]))
                .hasCauseInstanceOf(PeerLostException.class)
                .hasMessageContaining("cannot connect");
    }

    @Test
    void otherVersionsAreRefused() {
        Messages old = new Messages(2) {
            @Override
            List<String> heard() {
                return super.heard().stream()
                        .map(message -> message.replaceAll("libtorch [0-9.-]+", "libtorch 1.0"))
                        .toList();
            }
        };
        assertThatThrownBy(() -> runAll(List.of("a", "a"), Compression.NONE, old, (rank, collective) -> new float[0]))
                .hasStackTraceContaining(
                        "Cannot exchange vectors between different versions: rank 0 on 127.0.0.1 has" + " libtorch 1.0")
                .hasStackTraceContaining("give all executors the same convoy.jar");
    }

    private static List<float[]> runAll(List<String> groups, Compression compression, Part part)
            throws InterruptedException, ExecutionException, TimeoutException {
        return runAll(groups, compression, new Messages(groups.size()), part);
    }

    private static List<float[]> runAll(List<String> groups, Compression compression, Messages messages, Part part)
            throws InterruptedException, ExecutionException, TimeoutException {
        return runAll(shape(groups, LENGTH, 0, compression), messages, part);
    }

    private static List<float[]> runAll(Collective.Shape shape, Part part)
            throws InterruptedException, ExecutionException, TimeoutException {
        return runAll(shape, new Messages(shape.groups().size()), part);
    }

    private static Collective.Shape shape(List<String> groups, int length, int early, Compression compression) {
        return new Collective.Shape(groups, length, early, SLOTS, CollectiveBackend.GLOO, compression, 2);
    }

    private static List<float[]> runAll(Collective.Shape shape, Messages messages, Part part)
            throws InterruptedException, ExecutionException, TimeoutException {
        List<String> groups = shape.groups();
        ExecutorService threads = Executors.newFixedThreadPool(groups.size());
        try {
            List<Future<float[]>> running = new ArrayList<>();
            for (int rank = 0; rank < groups.size(); rank++) {
                int own = rank;
                running.add(threads.submit(() -> {
                    try (Collective collective = new Collective(
                            own, shape, "127.0.0.1", OptionalInt.empty(), messages.of(own), () -> false)) {
                        return part.run(own, collective);
                    }
                }));
            }
            List<float[]> results = new ArrayList<>();
            for (Future<float[]> one : running) {
                results.add(one.get(60, TimeUnit.SECONDS));
            }
            return results;
        } finally {
            threads.shutdownNow();
        }
    }

    /** What a barrier stage's allGather does, for threads. */
    private static class Messages {
        private final String[] messages;
        private final CyclicBarrier barrier;

        Messages(int ranks) {
            messages = new String[ranks];
            barrier = new CyclicBarrier(ranks);
        }

        Function<String, List<String>> of(int rank) {
            return message -> {
                messages[rank] = message;
                await();
                List<String> heard = heard();
                // Nobody says more before all have heard.
                await();
                return heard;
            };
        }

        private void await() {
            try {
                barrier.await(60, TimeUnit.SECONDS);
            } catch (InterruptedException | BrokenBarrierException | TimeoutException e) {
                throw new IllegalStateException(e);
            }
        }

        List<String> heard() {
            return List.of(messages);
        }
    }
}
