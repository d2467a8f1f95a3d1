package dev.convoy.data.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.convoy.data.ImageChunkBuilder;
import dev.convoy.data.ImageShape;
import dev.convoy.data.RejectedImage;
import dev.convoy.data.Target;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class EpochPlanTest {
    @Property(tries = 200)
    void everyExampleIsTrainedOnceAnEpochByItsOwner(
            @ForAll @IntRange(min = 1, max = 500) int examples,
            @ForAll @IntRange(min = 1, max = 12) int workers,
            @ForAll @IntRange(min = 1, max = 40) int batchSize,
            @ForAll("everyExampleOnce") Shuffle.Kind kind,
            @ForAll @IntRange(min = 1, max = 300) int window,
            @ForAll long seed) {
        WorkerLayout layout = new WorkerLayout(seed, examples, examples, workers);
        WorkerLayout.Dealer dealer = layout.dealer();
        EpochPlan plan = new EpochPlan(seed, 2, layout, batchSize, new Shuffle(kind, window));
        Set<Long> seen = new HashSet<>();
        for (int worker = 0; worker < workers; worker++) {
            WorkerShard shard = shard(layout, worker);
            for (int step = 0; step < plan.steps(); step++) {
                for (long id : plan.batch(worker, step, shard)) {
                    assertThat(dealer.workerOf(id)).isEqualTo(worker);
                    assertThat(seen.add(id)).as("id %d comes once", id).isTrue();
                }
            }
        }
        assertThat(seen).hasSize(examples).allMatch(id -> id >= 0 && id < examples);
    }

    /** The epoch ends in the middle of a global batch more often than not. */
    @Property(tries = 200)
    void canonicalGlobalBatchesAreTheSameForAllNumbersOfWorkers(
            @ForAll @IntRange(min = 1, max = 500) int examples,
            @ForAll @IntRange(min = 1, max = 60) int globalBatch,
            @ForAll @IntRange(min = 0, max = 3) int epoch,
            @ForAll boolean shuffled,
            @ForAll long seed) {
        Shuffle shuffle = new Shuffle(shuffled ? Shuffle.Kind.GLOBAL : Shuffle.Kind.NONE, 1, Shuffle.Order.CANONICAL);
        List<Set<Long>> expected = List.of();
        for (int workers : IntStream.rangeClosed(1, globalBatch)
                .filter(number -> globalBatch % number == 0)
                .toArray()) {
            WorkerLayout layout = new WorkerLayout(seed, examples + 7, examples, workers);
            EpochPlan plan = new EpochPlan(seed, epoch, layout, globalBatch / workers, shuffle);
            List<Set<Long>> batches = globalBatches(plan, layout);
            assertThat(batches.stream().mapToInt(Set::size).sum()).isEqualTo(examples);
            assertThat(batches.stream().flatMap(Set::stream).distinct()).hasSize(examples);
            assertThat(batches.subList(0, batches.size() - 1)).allMatch(batch -> batch.size() == globalBatch);
            if (workers > 1) {
                assertThat(batches).as("%d workers", workers).isEqualTo(expected);
            }
            expected = batches;
        }
    }

    /** What all workers train in each step, each its own and in nearly equal parts. */
    private static List<Set<Long>> globalBatches(EpochPlan plan, WorkerLayout layout) {
        WorkerLayout.Dealer dealer = layout.dealer();
        List<WorkerShard> shards = IntStream.range(0, layout.workers())
                .mapToObj(worker -> shard(layout, worker))
                .toList();
        List<Set<Long>> batches = new ArrayList<>();
        for (int step = 0; step < plan.steps(); step++) {
            Set<Long> batch = new HashSet<>();
            for (int worker = 0; worker < layout.workers(); worker++) {
                long[] ids = plan.batch(worker, step, shards.get(worker));
                assertThat(ids.length).isBetween(plan.batchSize(0, step) - 1, plan.batchSize(0, step));
                for (long id : ids) {
                    assertThat(dealer.isDealt(id)).isTrue();
                    assertThat(dealer.workerOf(id)).isEqualTo(worker);
                    batch.add(id);
                }
            }
            batches.add(batch);
        }
        return batches;
    }

    @Test
    void canonicalOrderIsNewEachEpochAndMixesAllExamples() {
        WorkerLayout layout = new WorkerLayout(1, 4000, 4000, 2);
        WorkerShard shard = shard(layout, 0);
        Shuffle shuffle = Shuffle.GLOBAL.withOrder(Shuffle.Order.CANONICAL);
        Set<Long> mates = new HashSet<>();
        Set<List<Long>> orders = new HashSet<>();
        long first = new EpochPlan(1, 0, layout, 10, shuffle).batch(0, 0, shard)[0];
        for (int epoch = 0; epoch < 20; epoch++) {
            EpochPlan plan = new EpochPlan(1, epoch, layout, 10, shuffle);
            orders.add(epoch(plan, shard));
            for (int step = 0; step < plan.steps(); step++) {
                List<Long> batch =
                        LongStream.of(plan.batch(0, step, shard)).boxed().toList();
                mates.addAll(batch.contains(first) ? batch : List.of());
            }
        }
        assertThat(orders).hasSize(20);
        // Of 180 mates that could be drawn, at random from 1,800, few come twice.
        assertThat(mates).hasSizeGreaterThan(150);
    }

    @Provide
    Arbitrary<Shuffle.Kind> everyExampleOnce() {
        return Arbitraries.of(Shuffle.Kind.GLOBAL, Shuffle.Kind.WINDOW, Shuffle.Kind.NONE);
    }

    /** What a worker owns, one byte each; the class is the id modulo three, every tenth is rejected. */
    private static WorkerShard shard(WorkerLayout layout, int worker) {
        WorkerLayout.Dealer dealer = layout.dealer();
        ImageChunkBuilder chunk = new ImageChunkBuilder(new ImageShape(1, 1, 1), false);
        LongStream.range(0, layout.available())
                .filter(id -> dealer.isDealt(id) && dealer.workerOf(id) == worker)
                .forEach(id -> {
                    if (id % 10 == 9) {
                        chunk.reject(new RejectedImage(id, "image " + id, "as a test"));
                    } else {
                        chunk.add(id, new Target.ClassIndex((int) (id % 3)), new byte[1]);
                    }
                });
        return WorkerShard.of(List.of(chunk.build()));
    }

    private static List<Long> epoch(EpochPlan plan, WorkerShard shard) {
        return IntStream.range(0, plan.steps())
                .mapToObj(step -> plan.batch(0, step, shard))
                .flatMapToLong(LongStream::of)
                .boxed()
                .toList();
    }

    @Test
    void aWindowMixesRunsFromEverywhereAndNothingBeyondItself() {
        WorkerLayout layout = new WorkerLayout(3, 5000, 5000, 1);
        WorkerShard shard = shard(layout, 0);
        int window = 4 * Shuffle.RUN;
        List<Long> order = epoch(new EpochPlan(3, 0, layout, 100, new Shuffle(Shuffle.Kind.WINDOW, window)), shard);
        List<Long> runsOfFirst = order.subList(0, window).stream()
                .map(id -> id / Shuffle.RUN)
                .distinct()
                .sorted()
                .toList();
        assertThat(runsOfFirst).hasSizeBetween(4, 5);
        assertThat(runsOfFirst.get(runsOfFirst.size() - 1) - runsOfFirst.get(0)).isGreaterThan(10);
        assertThat(order.subList(0, window))
                .isNotEqualTo(order.subList(0, window).stream().sorted().toList());
        assertThat(epoch(new EpochPlan(3, 1, layout, 100, new Shuffle(Shuffle.Kind.WINDOW, window)), shard))
                .isNotEqualTo(order);
        List<Long> unshuffled = epoch(new EpochPlan(3, 0, layout, 100, new Shuffle(Shuffle.Kind.NONE, 1)), shard);
        assertThat(unshuffled).isSorted();
    }

    /** Two classes of 150, and one of 3. */
    @Test
    void balancedDrawsClassesEquallyAndWithinThemEveryExample() {
        WorkerLayout layout = new WorkerLayout(1, 303, 303, 1);
        ImageChunkBuilder chunk = new ImageChunkBuilder(new ImageShape(1, 1, 1), false);
        for (int id = 0; id < 303; id++) {
            chunk.add(id, new Target.ClassIndex(id < 300 ? id % 2 : 2), new byte[1]);
        }
        WorkerShard shard = WorkerShard.of(List.of(chunk.build()));
        List<Long> order = epoch(new EpochPlan(1, 0, layout, 10, new Shuffle(Shuffle.Kind.BALANCED, 1)), shard);
        Map<Long, Long> draws = order.stream().collect(Collectors.groupingBy(id -> id, Collectors.counting()));
        assertThat(order).hasSize(303);
        assertThat(order.stream().filter(id -> id >= 300)).hasSize(101);
        assertThat(draws.entrySet().stream().filter(drawn -> drawn.getKey() >= 300))
                .hasSize(3)
                .allMatch(drawn -> drawn.getValue() == 33 || drawn.getValue() == 34);
        assertThat(draws.entrySet().stream().filter(drawn -> drawn.getKey() < 300))
                .hasSize(202)
                .allMatch(drawn -> drawn.getValue() == 1);
        assertThat(epoch(new EpochPlan(1, 1, layout, 10, new Shuffle(Shuffle.Kind.BALANCED, 1)), shard))
                .isNotEqualTo(order);
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
        EpochPlan plan = new EpochPlan(1, 0, new WorkerLayout(1, 21, 21, 2), 4, Shuffle.GLOBAL);
        List<Integer> sizes = new ArrayList<>();
        for (int step = 0; step < plan.steps(); step++) {
            sizes.add(plan.batchSize(0, step));
            sizes.add(plan.batchSize(1, step));
        }
        assertThat(sizes).containsExactly(4, 4, 4, 4, 3, 2);
    }

    @Test
    void orderIsNewEachEpochAndRepeatable() {
        WorkerLayout layout = new WorkerLayout(1, 100, 100, 2);
        WorkerShard shard = shard(layout, 0);
        long[] first = new EpochPlan(1, 0, layout, 50, Shuffle.GLOBAL).batch(0, 0, shard);
        long[] second = new EpochPlan(1, 1, layout, 50, Shuffle.GLOBAL).batch(0, 0, shard);
        assertThat(first)
                .isNotEqualTo(second)
                .isEqualTo(new EpochPlan(1, 0, layout, 50, Shuffle.GLOBAL).batch(0, 0, shard));
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
        assertThatThrownBy(() -> new WorkerLayout(1, 10, 10, 0))
                .hasMessageContaining("workers = 0; it must be at least 1");
        assertThatThrownBy(() -> new EpochPlan(1, 0, new WorkerLayout(1, 10, 10, 1), 0, Shuffle.GLOBAL))
                .hasMessageContaining("batchSize = 0");
        assertThatThrownBy(() -> new Shuffle(Shuffle.Kind.WINDOW, 0)).hasMessageContaining("window = 0");
        for (Shuffle.Kind kind : List.of(Shuffle.Kind.WINDOW, Shuffle.Kind.BALANCED)) {
            assertThatThrownBy(() -> new Shuffle(kind, 8).withOrder(Shuffle.Order.CANONICAL))
                    .hasMessageContaining("order = canonical; it goes with a global shuffle or with none");
        }
    }
}
