package dev.convoy.collective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

/** How often members tell each other something shows whether they have taken memory over. */
class SharedMappingTest {
    private static final int LENGTH = 1_000;
    private static final int RANKS = 3;
    private static final int TAKEN_OVER = 1;
    private static final int MADE = 2;
    private static final int FREED_AND_MADE = 3;

    private final String group = UUID.randomUUID().toString();
    private final CollectiveShape shape = shape(group, LENGTH);
    private String last = "";

    private static CollectiveShape shape(String group, int length) {
        return Ranks.shapeOf(List.of(group, group, group), length, 0, Compression.NONE);
    }

    @Test
    void theNextOfTheSameGroupTakesTheMemoryOver() throws Exception {
        assertThat(timesTold(shape, shape, shape)).containsExactly(MADE, TAKEN_OVER, TAKEN_OVER);
    }

    @Test
    void memoryOfOtherMeasuresOrOfAnotherGroupIsDropped() throws Exception {
        assertThat(timesTold(shape, shape(group, LENGTH + 1), shape)).containsExactly(MADE, MADE, MADE);
        assertThat(timesTold(shape(group + "b", LENGTH), shape)).containsExactly(MADE, MADE);
    }

    @Test
    void memoryThatOthersMayHaveUsedSinceIsDropped() throws Exception {
        assertThat(timesTold(shape)).containsExactly(MADE);
        String first = last;
        assertThat(timesTold(shape)).containsExactly(TAKEN_OVER);
        last = first;
        assertThat(timesTold(shape)).containsExactly(MADE);
        last = "";
        assertThat(timesTold(shape)).containsExactly(MADE);
    }

    @Test
    void whatAFailedMemberHasUsedIsNotTakenOver() throws Exception {
        assertThat(timesTold(shape)).containsExactly(MADE);
        CollectiveShape failing = Ranks.using(shape, nextUse());
        assertThatThrownBy(() -> Ranks.runAll(failing, (rank, collective) -> {
                    if (rank == 1) {
                        collective.abandon();
                        throw new IllegalStateException("as a failed task does");
                    }
                    collective.sum(new float[] {1, 0});
                    return new float[0];
                }))
                .isInstanceOf(ExecutionException.class);
        assertThat(timesTold(shape, shape)).containsExactly(MADE, TAKEN_OVER);
    }

    @Test
    void whatOneMembersProcessHasNotKeptNobodyTakesOver() throws Exception {
        assertThat(timesTold(shape)).containsExactly(MADE);
        Ranks.Messages withoutOne = new Ranks.Messages(RANKS) {
            @Override
            List<String> received() {
                List<String> all = new ArrayList<>(super.received());
                all.set(2, all.get(2).replaceFirst("\"file\":\"[^\"]+\"", "\"file\":\"\""));
                return all;
            }
        };
        assertThat(timesTold(shape, withoutOne)).isEqualTo(FREED_AND_MADE);
        assertThat(timesTold(shape)).containsExactly(TAKEN_OVER);
    }

    /** Follows the last. */
    private MemoryUse nextUse() {
        MemoryUse use = new MemoryUse(UUID.randomUUID().toString(), last);
        last = use.id();
        return use;
    }

    private List<Integer> timesTold(CollectiveShape... shapes) throws Exception {
        List<Integer> times = new ArrayList<>();
        for (CollectiveShape measures : shapes) {
            times.add(timesTold(measures, new Ranks.Messages(RANKS)));
        }
        return times;
    }

    /** Sums twice, and says how often the members have told each other something. */
    private int timesTold(CollectiveShape measures, Ranks.Messages messages) throws Exception {
        CollectiveShape shape = Ranks.using(measures, nextUse());
        AtomicInteger told = new AtomicInteger();
        Ranks.Messages counting = new Ranks.Messages(RANKS) {
            @Override
            Function<String, List<String>> of(int rank) {
                return message -> {
                    told.incrementAndGet();
                    return messages.of(rank).apply(message);
                };
            }
        };
        List<float[]> totals = Ranks.runAll(shape, counting, (rank, collective) -> {
            float[] total = new float[shape.length()];
            for (int round = 0; round < 2; round++) {
                for (int i = 0; i < total.length; i++) {
                    collective.vector(rank).put(i, round + rank + i);
                }
                collective.sum(new float[] {1, 0});
                collective.total(0, total.length).get(0, total);
                collective.meet();
            }
            return total;
        });
        float[] expected = new float[shape.length()];
        for (int i = 0; i < expected.length; i++) {
            expected[i] = RANKS * (1 + i) + 0 + 1 + 2;
        }
        assertThat(totals).allSatisfy(total -> assertThat(total).isEqualTo(expected));
        return told.get() / RANKS;
    }
}
