package dev.convoy.collective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.convoy.collective.Ranks.Messages;
import dev.convoy.model.Vector;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

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
                    collective.vector(rank).put(i, rank == 1 ? Float.NaN : value(rank, i));
                }
                collective.sum(new float[] {rank == 1 ? 0 : rank + 1, 16_777_215 - rank});
                collective.total(0, total.length).get(0, total);
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

    /** Two tiles and a bit, of which all but the last hundred floats may be added up by whoever reads them. */
    @ParameterizedTest
    @ValueSource(strings = {"a", "a a a", "a b a"})
    void deferredPiecesHaveTheBitsOfSums(String groups) throws Exception {
        int length = 2 * Vector.TILE + 300;
        CollectiveShape shape = Ranks.shapeOf(List.of(groups.split(" ")), length, 0, Compression.NONE);
        List<List<float[]>> totals = new ArrayList<>();
        for (int deferred : new int[] {0, length - 100}) {
            totals.add(Ranks.runAll(Ranks.deferring(shape, deferred), (rank, collective) -> {
                float[] total = new float[length];
                for (int round = 0; round < 2; round++) {
                    for (int i = 0; i < length; i++) {
                        collective.vector(rank).put(i, value(rank + round, i));
                    }
                    collective.sum(new float[] {0.3f + rank, rank});
                    for (int from = 0, size; from < length; from += size) {
                        int end = from < length - 100 ? length - 100 : length;
                        size = Math.min(Vector.TILE, end - from);
                        collective.total(from, size).get(total, from, size);
                    }
                    for (int other = 0; other < shape.members().size(); other++) {
                        assertThat(collective.slot(other, 1)).isEqualTo(other);
                    }
                    collective.meet();
                }
                return total;
            }));
        }
        for (int rank = 0; rank < shape.members().size(); rank++) {
            assertThat(totals.get(1).get(rank)).isEqualTo(totals.get(0).get(rank));
        }
    }

    /** Five ranks in two groups, as five members and as fewer, who do not always have neighbours; in buckets too. */
    @ParameterizedTest
    @CsvSource({"1001, 0", "600000, 599990"})
    void ranksOfOneMemberAreSummedAsIfTheyWereAlone(int length, int early) throws Exception {
        List<CollectiveShape.Member> alone =
                List.of(member("a", 0), member("a", 1), member("b", 2), member("b", 3), member("a", 4));
        List<CollectiveShape.Member> together = List.of(member("a", 0, 4), member("a", 1), member("b", 2, 3));
        float[] expected = null;
        for (List<CollectiveShape.Member> members : List.of(alone, together)) {
            CollectiveShape shape = Ranks.shape(members, length, early, Compression.NONE);
            List<float[]> totals = Ranks.runAll(shape, (member, collective) -> {
                List<Integer> ranks = members.get(member).ranks();
                float[] total = new float[length];
                for (int round = 0; round < 3; round++) {
                    for (int rank : ranks) {
                        for (int i = 0; i < length; i++) {
                            collective.vector(rank).put(i, rank == 3 ? Float.NaN : value(rank + round, i));
                        }
                    }
                    collective.sum(ranks.stream()
                            .map(rank -> new float[] {rank == 3 ? 0 : 3 + 4 * rank, rank})
                            .toArray(float[][]::new));
                    collective.total(0, total.length).get(0, total);
                    for (int rank = 0; rank < 5; rank++) {
                        assertThat(collective.slot(rank, 1)).isEqualTo(rank);
                    }
                }
                return total;
            });
            expected = expected == null ? totals.get(0) : expected;
            for (float[] total : totals) {
                assertThat(total).isEqualTo(expected);
            }
        }
        assertThat((double) expected[7])
                .isCloseTo(
                        3 * value(2, 7) + 7 * value(3, 7) + 11 * (double) value(4, 7) + 19 * value(6, 7), within(1e-4));
    }

    private static CollectiveShape.Member member(String group, Integer... ranks) {
        return new CollectiveShape.Member(group, List.of(ranks));
    }

    static float value(int rank, int i) {
        return (float) Math.sin(rank * 31 + i);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1})
    void membersOfAGroupShareOutWhatTheyHold(int vector) throws Exception {
        CollectiveShape shape = Ranks.shapeOf(List.of("a", "b", "a", "a"), 10, 0, Compression.NONE);
        int length = Ranks.HELD.get(vector);
        List<float[]> found = Ranks.runAll(shape, (rank, collective) -> {
            assertThat(collective.holds()).isTrue();
            FloatBuffer held = collective.held(vector);
            Collective.Part own = collective.part(length);
            for (int i = own.first(); i < own.first() + own.length(); i++) {
                held.put(i, i + (rank == 1 ? 1000 : 0));
            }
            collective.meet();
            float[] values = new float[length];
            held.get(0, values);
            collective.meet();
            return values;
        });
        for (int i = 0; i < length; i++) {
            assertThat(found.get(0)[i]).isEqualTo(i);
            assertThat(found.get(1)[i]).isEqualTo(i + 1000);
        }
        assertThat(found.get(2)).isEqualTo(found.get(0));
        assertThat(found.get(3)).isEqualTo(found.get(0));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1})
    void aGroupHoldsNothingTogetherUnlessAllOfItsMembersDo(int other) throws Exception {
        CollectiveShape all = Ranks.shapeOf(List.of("a", "a", "b"), 100, 0, Compression.NONE);
        CollectiveShape none = new CollectiveShape(
                all.members(), 100, 0, 0, Ranks.SLOTS, List.of(), all.use(), all.backend(), all.compression(), 2);
        Ranks.Messages messages = new Ranks.Messages(3);
        List<Boolean> holds = Ranks.runAll(3, rank -> {
            try (Collective collective = new Collective(
                    rank,
                    rank == other ? none : all,
                    "127.0.0.1",
                    OptionalInt.empty(),
                    messages.of(rank),
                    () -> false)) {
                collective.vector(rank).put(0, 1);
                collective.sum(new float[] {1, 0});
                assertThat(collective.total(0, 1).get(0)).isEqualTo(3);
                return collective.holds();
            }
        });
        assertThat(holds).containsExactly(false, false, true);
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
                        "Cannot exchange vectors between different versions: a task on 127.0.0.1 has libtorch 1.0")
                .hasStackTraceContaining("give all executors the same convoy.jar");
    }

    private static CollectiveShape shape(List<String> groups, Compression compression) {
        return Ranks.shapeOf(groups, LENGTH, 0, compression);
    }
}
