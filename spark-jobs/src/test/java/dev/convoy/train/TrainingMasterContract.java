package dev.convoy.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.convoy.data.ClassWeights;
import dev.convoy.data.augment.Augmentation;
import dev.convoy.data.plan.Shuffle;
import dev.convoy.data.rdd.ImageShards;
import dev.convoy.model.NetworkSpec;
import dev.convoy.model.layer.LayerSpec;
import dev.convoy.model.optimizer.LearningRate;
import dev.convoy.model.optimizer.OptimizerSpec;
import dev.convoy.testing.FaultyBackend;
import dev.convoy.testing.SparkExtension;
import dev.convoy.testing.Training;
import dev.convoy.train.replica.ReplicaSpec;
import dev.convoy.train.sync.OptimizerStatePolicy;
import dev.convoy.train.sync.OuterOptimizer;
import dev.convoy.train.sync.ParameterAveraging;
import dev.convoy.train.sync.SyncSpec;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.apache.spark.api.java.JavaSparkContext;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What every master of Convoy's own promises, on every backend. */
@Tag("each-backend")
@ExtendWith(SparkExtension.class)
@Timeout(300)
abstract class TrainingMasterContract {
    /** Eleven steps of two workers, the last with 2 and 1 images. */
    private static final int EXAMPLES = 10 * 2 * 4 + 3;

    private static final OptimizerSpec MOMENTUM = new OptimizerSpec.Momentum(0.9, 1e-3);
    private static final OptimizerSpec ADAM = new OptimizerSpec.AdamW().withEps(1e-4);

    /** Running statistics and dropout. */
    private static final NetworkSpec NETWORK = new NetworkSpec(List.of(
            new LayerSpec.Flatten(),
            new LayerSpec.Dense(16),
            new LayerSpec.BatchNorm(),
            new LayerSpec.Relu(),
            new LayerSpec.Dropout(0.3),
            new LayerSpec.Dense(10)));

    @TempDir
    Path folder;

    /** A new master, without any past. */
    abstract TrainingMaster master(JavaSparkContext spark, ImageShards shards, ReplicaSpec replica, TrainingSpec spec);

    static Stream<TrainingSpec> specs() {
        return Stream.of(
                spec(MOMENTUM, SyncSpec.gradient()),
                spec(ADAM, SyncSpec.gradient()),
                spec(ADAM, SyncSpec.averaging(2)),
                spec(MOMENTUM, SyncSpec.of(ParameterAveraging.every(3).withWarmupRounds(2))),
                spec(MOMENTUM, SyncSpec.of(ParameterAveraging.every(2).withOptimizerState(OptimizerStatePolicy.RESET))),
                spec(MOMENTUM, SyncSpec.of(ParameterAveraging.every(2).withOuter(new OuterOptimizer.Nesterov()))));
    }

    private static TrainingSpec spec(OptimizerSpec optimizer, SyncSpec sync) {
        return new TrainingSpec(1, 2, 4, optimizer, Training.RATE, sync);
    }

    private static TrainingState start(ReplicaSpec replica, TrainingSpec spec) {
        return TrainingState.start(replica.bind().initialState(spec.seed()), spec.optimizer());
    }

    /** Over the end of an epoch, and from the middle of the second. */
    @ParameterizedTest
    @MethodSource("specs")
    void oneCallForManyRoundsIsManyCallsForOne(TrainingSpec spec, JavaSparkContext spark) throws IOException {
        ReplicaSpec replica = Training.replica(NETWORK);
        try (ImageShards shards = Training.shards(spark, folder, EXAMPLES, 2)) {
            TrainingState whole = start(replica, spec);
            List<RoundReport> told = new ArrayList<>();
            try (TrainingMaster master = master(spark, shards, replica, spec)) {
                whole = master.advance(whole, Integer.MAX_VALUE, told::add);
                whole = master.advance(whole, 3, told::add);
            }
            TrainingState single = start(replica, spec);
            List<RoundReport> toldSingly = new ArrayList<>();
            while (single.progress().globalRound() < whole.progress().globalRound()) {
                try (TrainingMaster fresh = master(spark, shards, replica, spec)) {
                    single = fresh.advance(single, 1, toldSingly::add);
                }
            }
            assertSame(single, whole);
            assertThat(toldSingly)
                    .extracting(RoundReport::progress)
                    .isEqualTo(told.stream().map(RoundReport::progress).toList());
            assertThat(toldSingly)
                    .extracting(RoundReport::lossSum)
                    .isEqualTo(told.stream().map(RoundReport::lossSum).toList());
            assertThat(toldSingly)
                    .extracting(RoundReport::updateNorm)
                    .isEqualTo(told.stream().map(RoundReport::updateNorm).toList());
        }
    }

    private static void assertSame(TrainingState found, TrainingState expected) {
        assertThat(found.parameters()).isEqualTo(expected.parameters());
        assertThat(found.buffers()).isEqualTo(expected.buffers());
        assertThat(found.optimizer().steps()).isEqualTo(expected.optimizer().steps());
        assertThat(found.optimizer().slots())
                .usingRecursiveComparison()
                .isEqualTo(expected.optimizer().slots());
        assertThat(found.velocity()).isEqualTo(expected.velocity());
        assertThat(found.progress()).isEqualTo(expected.progress());
        assertThat(found.norms()).isEqualTo(expected.norms());
        assertThat(found.epoch().rounds()).isEqualTo(expected.epoch().rounds());
        assertThat(found.epoch().counts()).isEqualTo(expected.epoch().counts());
        assertThat(found.epoch().lossSum()).isEqualTo(expected.epoch().lossSum());
        assertThat(found.grouping()).isEqualTo(expected.grouping());
        assertThat(found.lastGood().parameters()).isEqualTo(expected.lastGood().parameters());
        assertThat(found.lastGood().buffers()).isEqualTo(expected.lastGood().buffers());
    }

    /** The trainer goes on where a state of another master's stands, and its ledger adds up. */
    @Test
    void trainingGoesOnFromTheMiddleOfAnEpoch(JavaSparkContext spark) throws IOException {
        TrainingSpec spec = spec(MOMENTUM, SyncSpec.averaging(2));
        ReplicaSpec replica = Training.replica(NETWORK);
        try (ImageShards shards = Training.shards(spark, folder, EXAMPLES, 2)) {
            TrainingState whole = train(spark, shards, replica, spec, start(replica, spec));
            TrainingState middle;
            try (TrainingMaster master = master(spark, shards, replica, spec)) {
                middle = master.advance(start(replica, spec), 2, round -> {});
            }
            assertThat(middle.progress().step()).isEqualTo(4);
            assertSame(train(spark, shards, replica, spec, middle), whole);
        }
    }

    private TrainingState train(
            JavaSparkContext spark, ImageShards shards, ReplicaSpec replica, TrainingSpec spec, TrainingState start) {
        try (TrainingMaster master = master(spark, shards, replica, spec)) {
            List<EpochReport> epochs = new ArrayList<>();
            TrainingState end = new Trainer(
                            master,
                            new Evaluator(spark, replica, 50),
                            spec,
                            (history, state) -> epochs.add(history.last().orElseThrow()),
                            List.of())
                    .train(replica.bind(), start, shards, Optional.empty());
            assertThat(epochs).hasSize(2).allSatisfy(epoch -> assertThat(epoch.ledger())
                    .isEqualTo(new EpochReport.Ledger(EXAMPLES, EXAMPLES, 0, 0, 0, 0, 0)));
            return end;
        }
    }

    @Test
    void whatAStateHoldsIsNotChanged(JavaSparkContext spark) throws IOException {
        TrainingSpec spec = spec(ADAM, SyncSpec.averaging(2));
        ReplicaSpec replica = Training.replica(NETWORK);
        try (ImageShards shards = Training.shards(spark, folder, EXAMPLES, 2);
                TrainingMaster master = master(spark, shards, replica, spec)) {
            TrainingState begin = master.advance(start(replica, spec), 1, round -> {});
            float[] parameters = begin.parameters().clone();
            float[] buffers = begin.buffers().clone();
            float[] slot = begin.optimizer().slots().get(1).clone();
            TrainingState end = master.advance(begin, 1, round -> {});
            assertThat(begin.parameters()).isEqualTo(parameters).isNotEqualTo(end.parameters());
            assertThat(begin.buffers()).isEqualTo(buffers).isNotEqualTo(end.buffers());
            assertThat(begin.optimizer().slots().get(1)).isEqualTo(slot);
        }
    }

    /** Twenty steps, the last with 5 examples; one row of losses for 2, 4 and 8 workers, and for 2 and then 4. */
    @Test
    void inCanonicalOrderLossesDoNotDependOnTheNumberOfWorkers(JavaSparkContext spark) throws IOException {
        List<Double> expected = List.of();
        float[] end = {};
        for (List<Integer> workers : List.of(List.of(2, 2), List.of(4, 4), List.of(8, 8), List.of(2, 4))) {
            List<RoundReport> rounds = new ArrayList<>();
            TrainingState state = canonical(spark, workers.get(0), 10, Optional.empty(), rounds);
            state = canonical(spark, workers.get(1), 10, Optional.of(state), rounds);
            List<Double> losses = rounds.stream()
                    .map(round -> round.lossSum() / round.counts().trained())
                    .toList();
            assertThat(losses).hasSize(20);
            assertThat(state.progress().epoch()).isEqualTo(1);
            if (expected.isEmpty()) {
                expected = losses;
                end = state.parameters();
            }
            for (int step = 0; step < 20; step++) {
                assertThat(losses.get(step))
                        .as("%s workers, step %d", workers, step)
                        .isCloseTo(expected.get(step), within(1e-5));
            }
            assertThat(state.parameters()).containsExactly(end, within(1e-5f));
        }
        assertThat(expected.get(19)).isLessThan(0.8 * expected.get(0));
    }

    /** Goes on for some steps with a new master for so many workers. */
    private TrainingState canonical(
            JavaSparkContext spark, int workers, int steps, Optional<TrainingState> from, List<RoundReport> rounds)
            throws IOException {
        BatchLoading loading = new BatchLoading(
                Shuffle.GLOBAL.withOrder(Shuffle.Order.CANONICAL), Augmentation.NONE, ClassWeights.NONE, 0);
        TrainingSpec spec = new TrainingSpec(1, 2, 16 / workers, MOMENTUM, Training.RATE, SyncSpec.gradient(), loading);
        ReplicaSpec replica = Training.replica(Training.SMALL);
        try (ImageShards shards = Training.shards(spark, folder, 19 * 16 + 5, workers);
                TrainingMaster master = master(spark, shards, replica, spec)) {
            return master.advance(from.orElseGet(() -> start(replica, spec)), steps, rounds::add);
        }
    }

    @Test
    void reportsTellOfRateNormAndWorkers(JavaSparkContext spark) throws IOException {
        TrainingSpec spec = spec(MOMENTUM, SyncSpec.averaging(2));
        ReplicaSpec replica = Training.replica(NETWORK);
        List<RoundReport> rounds = new ArrayList<>();
        try (ImageShards shards = Training.shards(spark, folder, EXAMPLES, 2);
                TrainingMaster master = master(spark, shards, replica, spec)) {
            master.advance(start(replica, spec), 2, rounds::add);
        }
        assertThat(rounds).extracting(RoundReport::isFirstOfEpoch).containsExactly(true, false);
        assertThat(rounds).allSatisfy(round -> {
            long first = round.progress().globalStep() - round.steps();
            assertThat(round.learningRate())
                    .isEqualTo(Training.RATE.at(first, 11, 2))
                    .isPositive();
            assertThat(round.updateNorm()).isFinite().isPositive();
            assertThat(round.workers()).hasSize(2).allSatisfy(worker -> {
                assertThat(worker.seconds()).isPositive();
                assertThat(worker.dataSeconds()).isBetween(0.0, worker.seconds());
            });
            assertThat(round.counts()).isEqualTo(new RoundReport.Counts(16, 0, 0, 0, 0, 0));
        });
    }

    @Test
    void divergenceCarriesTheLastGoodModel(JavaSparkContext spark) throws IOException {
        TrainingSpec spec =
                new TrainingSpec(1, 2, 4, new OptimizerSpec.Sgd(), new LearningRate(1e30), SyncSpec.averaging(2));
        ReplicaSpec replica = Training.replica(NETWORK);
        try (ImageShards shards = Training.shards(spark, folder, EXAMPLES, 2);
                TrainingMaster master = master(spark, shards, replica, spec)) {
            assertThatThrownBy(() -> master.advance(start(replica, spec), Integer.MAX_VALUE, round -> {}))
                    .isInstanceOfSatisfying(
                            DivergedException.class,
                            e -> assertThat(e.lastGood().isFinite()).isTrue());
        }
    }

    /** The first epoch's last round, a single step, condemns the model that it began with, but one worker of two goes on. */
    @Test
    void aCondemnedModelIsNotTheLastGoodOne(JavaSparkContext spark) throws IOException {
        TrainingSpec spec = spec(MOMENTUM, SyncSpec.averaging(2));
        ReplicaSpec faulty = Training.replica("faulty", NETWORK);
        FaultyBackend.factor =
                step -> step.globalStep() > 10 || step.globalStep() == 10 && step.worker() == 1 ? Double.NaN : 1;
        try (ImageShards shards = Training.shards(spark, folder, EXAMPLES, 2);
                TrainingMaster master = master(spark, shards, faulty, spec)) {
            TrainingState condemned = master.advance(start(faulty, spec), 5, round -> {});
            TrainingState epoch = master.advance(start(faulty, spec), Integer.MAX_VALUE, round -> {});
            assertThat(epoch.epoch().counts().quarantined()).isEqualTo(1);
            assertThat(epoch.lastGood().parameters()).isNotEqualTo(condemned.parameters());
            assertThatThrownBy(() -> master.advance(epoch, 1, round -> {}))
                    .isInstanceOfSatisfying(DivergedException.class, e -> assertThat(e.lastGood())
                            .isSameAs(epoch.lastGood()));
        } finally {
            FaultyBackend.factor = FaultyBackend.SOUND;
        }
    }
}
