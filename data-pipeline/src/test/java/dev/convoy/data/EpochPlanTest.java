package dev.convoy.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class EpochPlanTest {
    @Property(tries = 200)
    void everyExampleIsTrainedOnceAnEpochByItsOwner(
            @ForAll @IntRange(min = 1, max = 500) int examples,
            @ForAll @IntRange(min = 1, max = 12) int workers,
            @ForAll @IntRange(min = 1, max = 40) int batchSize,
            @ForAll long seed) {
        WorkerLayout layout = new WorkerLayout(seed, examples, examples, workers);
        WorkerLayout.Dealer dealer = layout.dealer();
        EpochPlan plan = new EpochPlan(seed, 2, layout, batchSize);
        Set<Long> seen = new HashSet<>();
        for (int step = 0; step < plan.steps(); step++) {
            for (int worker = 0; worker < workers; worker++) {
                for (long id : plan.batch(worker, step)) {
                    assertThat(dealer.workerOf(id)).isEqualTo(worker);
                    assertThat(seen.add(id)).as("id %d comes once", id).isTrue();
                }
            }
        }
        assertThat(seen).hasSize(examples).allMatch(id -> id >= 0 && id < examples);
    }

    @Property(tries = 200)
    void workersOwnEqualCountsGiveOrTakeOne(
            @ForAll @IntRange(min = 1, max = 2000) int examples, @ForAll @IntRange(min = 1, max = 50) int workers) {
        WorkerLayout layout = new WorkerLayout(1, examples, examples, workers);
        long sum = 0;
        for (int worker = 0; worker < workers; worker++) {
            assertThat(layout.size(worker)).isBetween((long) examples / workers, (examples + workers - 1L) / workers);
            sum += layout.size(worker);
        }
        assertThat(sum).isEqualTo(examples);
    }

    @Test
    void onlyTheLastBatchOfAWorkerIsSmaller() {
        EpochPlan plan = new EpochPlan(1, 0, new WorkerLayout(1, 21, 21, 2), 4);
        List<Integer> sizes = new ArrayList<>();
        for (int step = 0; step < plan.steps(); step++) {
            sizes.add(plan.batch(0, step).length);
            sizes.add(plan.batch(1, step).length);
        }
        assertThat(sizes).containsExactly(4, 4, 4, 4, 3, 2);
    }

    @Test
    void orderIsNewEachEpochAndRepeatable() {
        WorkerLayout layout = new WorkerLayout(1, 100, 100, 2);
        long[] first = new EpochPlan(1, 0, layout, 50).batch(0, 0);
        long[] second = new EpochPlan(1, 1, layout, 50).batch(0, 0);
        assertThat(first).isNotEqualTo(second).isEqualTo(new EpochPlan(1, 0, layout, 50).batch(0, 0));
        assertThat(Arrays.stream(first).sorted())
                .containsExactlyElementsOf(() -> Arrays.stream(second).sorted().iterator());
    }

    @Test
    void aLimitIsASampleAndSmallerLimitsAreWithinLargerOnes() {
        WorkerLayout.Dealer small = new WorkerLayout(5, 1000, 100, 3).dealer();
        WorkerLayout.Dealer large = new WorkerLayout(5, 1000, 400, 3).dealer();
        long dealt = 0;
        long inFirstHalf = 0;
        for (long id = 0; id < 1000; id++) {
            if (small.isDealt(id)) {
                dealt++;
                inFirstHalf += id < 500 ? 1 : 0;
                assertThat(large.isDealt(id)).isTrue();
            }
        }
        assertThat(dealt).isEqualTo(100);
        assertThat(inFirstHalf).isBetween(30L, 70L);
    }

    @Test
    void refusesWhatCannotBePlanned() {
        assertThatThrownBy(() -> new WorkerLayout(1, 10, 10, 0)).hasMessageContaining("train.workers = 0");
        assertThatThrownBy(() -> new EpochPlan(1, 0, new WorkerLayout(1, 10, 10, 1), 0))
                .hasMessageContaining("data.batch-size = 0");
    }
}
