package dev.convoy.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.convoy.data.ConvoyException;
import dev.convoy.data.rdd.ImageShards;
import dev.convoy.model.optimizer.LearningRate;
import dev.convoy.model.optimizer.OptimizerSpec;
import dev.convoy.testing.SparkExtension;
import dev.convoy.testing.Training;
import dev.convoy.train.allreduce.AllReduceMaster;
import dev.convoy.train.allreduce.AllReduceSpec;
import dev.convoy.train.allreduce.SegmentProgressPlugin;
import dev.convoy.train.dl4j.Dl4jMaster;
import dev.convoy.train.replica.ReplicaSpec;
import dev.convoy.train.rounds.RoundsMaster;
import dev.convoy.train.sync.ParameterAveraging;
import dev.convoy.train.sync.SyncSpec;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.apache.spark.api.java.JavaSparkContext;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

@Timeout(300)
class TrainerTest {
    private static final OptimizerSpec SGD = new OptimizerSpec.Sgd();

    /** With the plugin, rounds are heard of while a segment runs. */
    @RegisterExtension
    static final SparkExtension SPARK =
            new SparkExtension(Map.of("spark.plugins", SegmentProgressPlugin.class.getName()));

    @TempDir
    Path folder;

    /** Writes down what it hears. */
    private static final class Notes implements TrainingListener {
        private final List<String> notes = new ArrayList<>();

        @Override
        public void runStarted(Run run) {
            notes.add("started " + run.spec().epochs() + "x" + run.stepsPerEpoch());
        }

        @Override
        public void roundCompleted(RoundReport round) {
            notes.add("round");
        }

        @Override
        public void epochCompleted(EpochReport epoch, TrainingState state) {
            notes.add("epoch " + epoch.epoch());
        }

        @Override
        public void runEnded(Ending ending, TrainingState state) {
            notes.add(ending + " after " + state.progress().epoch());
        }
    }

    private static TrainingSpec spec(double rate) {
        return new TrainingSpec(1, 2, 10, SGD, new LearningRate(rate), SyncSpec.averaging(3));
    }

    private static Training run(
            JavaSparkContext spark, ImageShards shards, TrainingSpec spec, TrainingListener... listeners) {
        ReplicaSpec replica = Training.replica(Training.SMALL);
        AllReduceMaster master = new AllReduceMaster(spark, shards, replica, spec, AllReduceSpec.defaults());
        return Training.run(spark, shards, replica, spec, master, listeners);
    }

    @Test
    void listenersHearABeginningAndAnEnd(JavaSparkContext spark) throws IOException {
        Notes notes = new Notes();
        try (ImageShards shards = Training.shards(spark, folder, 100, 2)) {
            run(spark, shards, spec(0.05), notes);
        }
        assertThat(notes.notes)
                .containsExactly(
                        "started 2x5", "round", "round", "epoch 1", "round", "round", "epoch 2", "COMPLETED after 2");
    }

    @Test
    void listenersHearOfDivergence(JavaSparkContext spark) throws IOException {
        Notes notes = new Notes();
        try (ImageShards shards = Training.shards(spark, folder, 100, 2)) {
            assertThatThrownBy(() -> run(spark, shards, spec(1e30), notes)).isInstanceOf(DivergedException.class);
        }
        assertThat(notes.notes).startsWith("started 2x5").endsWith("DIVERGED after 0");
    }

    @Test
    void listenersHearOfAnInterruption(JavaSparkContext spark) throws Exception {
        Notes notes = new Notes();
        TrainingListener interrupting = new TrainingListener() {
            @Override
            public void roundCompleted(RoundReport round) {
                Thread.currentThread().interrupt();
            }
        };
        try (ImageShards shards = Training.shards(spark, folder, 100, 2)) {
            FutureTask<Training> training = new FutureTask<>(() -> run(spark, shards, spec(0.05), interrupting, notes));
            new Thread(training, "interrupted").start();
            assertThatThrownBy(() -> training.get(2, TimeUnit.MINUTES)).isInstanceOf(ExecutionException.class);
        }
        assertThat(notes.notes).startsWith("started 2x5").last().asString().startsWith("INTERRUPTED after ");
    }

    /** In the middle of a segment, too. */
    @Test
    void aListenerThatThrowsIsDropped(JavaSparkContext spark) throws IOException {
        Notes others = new Notes();
        List<String> calls = new ArrayList<>();
        TrainingListener faulty = new TrainingListener() {
            @Override
            public void roundCompleted(RoundReport round) {
                calls.add("round");
                throw new IllegalStateException("as a test");
            }

            @Override
            public void runEnded(Ending ending, TrainingState state) {
                calls.add("ended");
            }
        };
        try (ImageShards shards = Training.shards(spark, folder, 100, 2)) {
            Training training = run(spark, shards, spec(0.05), faulty, others);
            assertThat(training.epochs)
                    .allSatisfy(epoch -> assertThat(epoch.ledger().retried()).isZero());
        }
        assertThat(calls).containsExactly("round");
        assertThat(others.notes).hasSize(8).endsWith("COMPLETED after 2");
    }

    @Test
    void whatCannotBeKeptEndsTraining(JavaSparkContext spark) throws IOException {
        Notes notes = new Notes();
        ReplicaSpec replica = Training.replica(Training.SMALL);
        try (ImageShards shards = Training.shards(spark, folder, 100, 2)) {
            TrainingSpec spec = spec(0.05);
            Trainer trainer = new Trainer(
                    new RoundsMaster(spark, shards, replica, spec),
                    new Evaluator(spark, replica, 50),
                    spec,
                    (history, state) -> {
                        throw new ConvoyException("Cannot write: no space");
                    },
                    List.of(notes));
            TrainingState start = TrainingState.start(replica.bind().initialState(1), SGD);
            assertThatThrownBy(() -> trainer.train(replica.bind(), start, shards, Optional.empty()))
                    .hasMessage("Cannot write: no space");
        }
        assertThat(notes.notes).endsWith("FAILED after 1").doesNotContain("epoch 1");
    }

    /** Deeplearning4j's master keeps the optimizer's memory to itself. */
    @Test
    void aMasterThatCannotResumeIsNotGivenALaterState(JavaSparkContext spark) throws IOException {
        ReplicaSpec replica = Training.replica("dl4j", Training.SMALL);
        ParameterAveraging averaging = ParameterAveraging.every(3);
        TrainingSpec spec = spec(0.05);
        try (ImageShards shards = Training.shards(spark, folder, 100, 2);
                Dl4jMaster master = new Dl4jMaster(spark, shards, replica, spec, averaging, Dl4jMaster.Tuning.TUNED)) {
            TrainingState start = TrainingState.start(replica.bind().initialState(1), SGD);
            TrainingState later = new RoundsMaster(spark, shards, replica, spec).advance(start, 1, round -> {});
            Trainer trainer =
                    new Trainer(master, new Evaluator(spark, replica, 50), spec, (history, state) -> {}, List.of());
            assertThatThrownBy(() -> trainer.train(replica.bind(), later, shards, Optional.empty()))
                    .hasMessageContaining("Cannot go on from step 3 with Dl4jMaster");
        }
    }

    /** In the middle of a segment, after few of its 500 rounds. */
    @Test
    void aSegmentEndsWhenItsEndIsWanted(JavaSparkContext spark) throws IOException {
        ReplicaSpec replica = Training.replica(Training.SMALL);
        TrainingSpec spec = new TrainingSpec(1, 1, 1, SGD, new LearningRate(0.01), SyncSpec.gradient());
        try (ImageShards shards = Training.shards(spark, folder, 1000, 2);
                AllReduceMaster master = new AllReduceMaster(spark, shards, replica, spec, AllReduceSpec.defaults())) {
            TrainingState start = TrainingState.start(replica.bind().initialState(1), SGD);
            TrainingState end = master.advance(start, Integer.MAX_VALUE, new RoundObserver() {
                private volatile boolean heard;

                @Override
                public void roundCompleted(RoundReport round) {
                    heard = true;
                }

                @Override
                public boolean wantsEnd() {
                    return heard;
                }
            });
            assertThat(end.progress().step()).isBetween(1, 499);
            TrainingState counted = master.advance(start, end.progress().step(), round -> {});
            assertThat(end.parameters()).isEqualTo(counted.parameters());
            assertThat(end.progress()).isEqualTo(counted.progress());
            assertThat(end.epoch().counts()).isEqualTo(counted.epoch().counts());
        }
    }
}
