package dev.convoy.collective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CyclicBarrier;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Parts of vectors that go ahead of the rest. */
@Timeout(120)
class OverlapTest {
    /** Several buckets. */
    private static final int LENGTH = 700_001;
    /** Floats of a bucket. */
    private static final int BUCKET = 1 << 18;

    /** Each rank is a group, so that floats can only come from the other rank by an exchange between groups. */
    @Test
    void aBucketIsExchangedBeforeTheRestIsSubmitted() throws Exception {
        CyclicBarrier bothHaveTheTotal = new CyclicBarrier(2);
        int begin = LENGTH - BUCKET;
        float[] bucket = new float[BUCKET];
        for (int i = 0; i < BUCKET; i++) {
            bucket[i] = weight(0) * CollectiveTest.value(0, begin + i) + weight(1) * CollectiveTest.value(1, begin + i);
        }
        Ranks.runAll(Ranks.shapeOf(List.of("a", "b"), LENGTH, LENGTH, Compression.NONE), (rank, collective) -> {
            fill(collective, rank, begin, LENGTH, false);
            collective.submit(weight(rank), begin);
            awaitTotal(collective, begin, bucket);
            // Only now may either rank submit more.
            Ranks.await(bothHaveTheTotal);
            fill(collective, rank, 0, begin, false);
            collective.sum(new float[] {weight(rank), 0});
            return new float[0];
        });
    }

    /** Fails if the total, from an offset on, does not become what is expected. */
    private static void awaitTotal(Collective collective, int offset, float[] expected) throws InterruptedException {
        float[] found = new float[expected.length];
        long deadline = System.nanoTime() + 10_000_000_000L;
        do {
            Thread.sleep(1);
            collective.total(offset, found.length).get(0, found);
        } while (!Arrays.equals(found, expected) && System.nanoTime() < deadline);
        assertThat(found).isEqualTo(expected);
    }

    /**
     * Whatever every rank submits ahead, and when; rank 1 finds out too late that it must not count in the second
     * round.
     */
    @ParameterizedTest
    @CsvSource({"a b, NONE", "a a b, NONE", "a b a c, NONE", "a a a b, BF16"})
    void whatGoesAheadIsSummedAlike(String groups, Compression compression) throws Exception {
        List<String> names = List.of(groups.split(" "));
        List<float[]> expected = Ranks.runAll(Ranks.shapeOf(names, LENGTH, 0, compression), OverlapTest::threeRounds);
        List<float[]> found =
                Ranks.runAll(Ranks.shapeOf(names, LENGTH, LENGTH - 5, compression), OverlapTest::threeRounds);
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
        float[] totals = new float[3 * LENGTH];
        for (int round = 0; round < 3; round++) {
            boolean wrong = rank == 1 && round == 1;
            int end = LENGTH;
            // Never, as gradients come, or all but everything at once.
            List<List<Integer>> ways = List.of(List.of(), List.of(LENGTH - 9, LENGTH / 2, LENGTH / 3), List.of(7));
            for (int offset : ways.get((rank + round) % 3)) {
                fill(collective, rank, offset, end, wrong);
                if (collective.acceptsParts()) {
                    collective.submit(weight(rank), offset);
                }
                end = offset;
            }
            fill(collective, rank, 0, end, wrong);
            collective.sum(new float[] {wrong ? 0 : weight(rank), round});
            collective.total(0, LENGTH).get(0, totals, round * LENGTH, LENGTH);
        }
        return totals;
    }

    /** Products are rounded. */
    private static float weight(int rank) {
        return 3 + 4 * rank;
    }

    private static void fill(Collective collective, int rank, int offset, int end, boolean wrong) {
        FloatBuffer vector = collective.vector(rank);
        for (int i = offset; i < end; i++) {
            vector.put(i, wrong ? Float.NaN : CollectiveTest.value(rank, i));
        }
    }

    @Test
    void aRankThatFailsWhileOthersGoAheadIsNotWaitedFor() {
        assertThatThrownBy(() -> Ranks.runAll(
                        Ranks.shapeOf(List.of("a", "a", "b"), LENGTH, LENGTH, Compression.NONE), (rank, collective) -> {
                            if (rank == 1) {
                                collective.submit(1, LENGTH / 2);
                                collective.abandon();
                            } else {
                                collective.submit(1, 0);
                                collective.sum(new float[] {1, 0});
                            }
                            return new float[0];
                        }))
                .hasStackTraceContaining("Rank 1 has failed");
    }
}
