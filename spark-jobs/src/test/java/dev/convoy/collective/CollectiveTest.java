package dev.convoy.collective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.convoy.collective.Ranks.Messages;
import java.util.List;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Whole vectors. */
@Timeout(120)
class CollectiveTest {
    private static final int LENGTH = 1001;

    @ParameterizedTest
    @CsvSource({"a, NONE", "a a, NONE", "a b, NONE", "a a b, NONE", "a b a c, NONE", "a a, BF16", "a a b, BF16"})
    void sumsAreWeightedAndSlotsAreExact(String groups, Compression compression) throws Exception {
        List<String> names = List.of(groups.split(" "));
        List<float[]> totals = Ranks.runAll(shape(names, compression), (rank, collective) -> {
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

    static float value(int rank, int i) {
        return (float) Math.sin(rank * 31 + i);
    }

    @Test
    void aRankThatDoesNotComeIsNamed() {
        assertThatThrownBy(() -> Ranks.runAll(shape(List.of("a", "a"), Compression.NONE), (rank, collective) -> {
                    if (rank == 0) {
                        collective.sum(new float[] {1, 0});
                    }
                    return new float[0];
                }))
                .hasRootCauseInstanceOf(PeerLostException.class)
                .hasStackTraceContaining("Rank 1 has not come within 2 s, the timeout of the collective");
    }

    @Test
    void aRankThatFailsIsNotWaitedFor() {
        assertThatThrownBy(() -> Ranks.runAll(shape(List.of("a", "a"), Compression.NONE), (rank, collective) -> {
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
                String silent = "{\"done\":true,\"failure\":null,\"entries\":{}}";
                return message -> super.of(rank).apply(rank == 1 && message.contains("entries") ? silent : message);
            }
        };
        assertThatThrownBy(() -> Ranks.runAll(
                        shape(List.of("a", "b"), Compression.NONE), lost, (rank, collective) -> new float[0]))
                .hasCauseInstanceOf(PeerLostException.class)
                .hasMessageContaining("cannot connect");
    }

    @Test
    void otherVersionsAreRefused() {
        Messages old = new Messages(2) {
            @Override
            List<String> received() {
                return super.received().stream()
                        .map(message -> message.replaceAll("libtorch [0-9.-]+", "libtorch 1.0"))
                        .toList();
            }
        };
        assertThatThrownBy(() -> Ranks.runAll(
                        shape(List.of("a", "a"), Compression.NONE), old, (rank, collective) -> new float[0]))
                .hasStackTraceContaining(
                        "Cannot exchange vectors between different versions: rank 0 on 127.0.0.1 has" + " libtorch 1.0")
                .hasStackTraceContaining("give all executors the same convoy.jar");
    }

    private static Collective.Shape shape(List<String> groups, Compression compression) {
        return Ranks.shape(groups, LENGTH, 0, compression);
    }
}
