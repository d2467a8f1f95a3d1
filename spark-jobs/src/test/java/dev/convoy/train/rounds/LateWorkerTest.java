package dev.convoy.train.rounds;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.convoy.data.rdd.ImageShards;
import dev.convoy.model.optimizer.OptimizerSpec;
import dev.convoy.testing.FaultyBackend;
import dev.convoy.testing.SparkExtension;
import dev.convoy.testing.Training;
import dev.convoy.train.RoundReport;
import dev.convoy.train.TrainingListener;
import dev.convoy.train.TrainingSpec;
import dev.convoy.train.sync.LatePolicy;
import dev.convoy.train.sync.SyncSpec;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.spark.api.java.JavaSparkContext;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Rounds that go on without slow workers. */
@ExtendWith(SparkExtension.class)
@Timeout(120)
class LateWorkerTest {
    /** Five steps of two workers, in rounds of 2, 2 and 1. */
    private static final int EXAMPLES = 40;

    @TempDir
    Path folder;

    @AfterEach
    void makeSound() {
        FaultyBackend.disturbance = (step, parameters) -> {};
        FaultyBackend.factor = FaultyBackend.SOUND;
    }

    private static TrainingSpec spec(SyncSpec sync) {
        return new TrainingSpec(1, 2, 4, new OptimizerSpec.Momentum(), Training.RATE, sync);
    }

    private static SyncSpec halfOf(Duration timeout) {
        return SyncSpec.averaging(2).withLate(new LatePolicy(0.5, timeout));
    }

    /** Worker 1 hangs in the second round until that has ended without it. */
    private Training withoutWorker1(JavaSparkContext spark) throws IOException {
        CountDownLatch gone = new CountDownLatch(1);
        FaultyBackend.disturbance = (step, parameters) -> {
            if (step.worker() == 1 && step.globalStep() == 2) {
                await(gone);
            }
        };
        try (ImageShards shards = Training.shards(spark, folder, EXAMPLES, 2)) {
            return Training.run(
                    spark,
                    shards,
                    Training.replica("faulty", Training.SMALL),
                    spec(halfOf(Duration.ofSeconds(3))),
                    new TrainingListener() {
                        @Override
                        public void roundCompleted(RoundReport round) {
                            if (round.counts().late() > 0) {
                                gone.countDown();
                            }
                        }
                    });
        } finally {
            gone.countDown();
        }
    }

    @Test
    void aWorkerThatHangsIsLateAndComesBack(JavaSparkContext spark) throws IOException {
        Training training = withoutWorker1(spark);
        assertThat(training.rounds.get(1).counts()).isEqualTo(new RoundReport.Counts(8, 0, 8, 0, 0, 0));
        assertThat(training.rounds.get(1).workers()).hasSize(2);
        // Of the others some may be late too, where the machine is slow; every example is accounted for all the
        // same.
        assertThat(training.epochs).hasSize(2).allSatisfy(epoch -> assertThat(
                        epoch.ledger().trained() + epoch.ledger().late())
                .isEqualTo(EXAMPLES));
        assertThat(training.epochs.get(1).ledger().trained()).isGreaterThan(EXAMPLES / 2);
        assertThat(training.end.model().isFinite()).isTrue();
    }

    /** The other one may be sound: its being late is no reason to end training. */
    @Test
    void aRoundOfABadAndALateWorkerMovesNothing(JavaSparkContext spark) throws IOException {
        FaultyBackend.factor = step -> step.worker() == 0 && step.globalStep() == 2 ? Double.NaN : 1;
        Training training = withoutWorker1(spark);
        RoundReport.Counts counts = training.rounds.get(1).counts();
        assertThat(counts.trained()).isZero();
        assertThat(counts.quarantined()).isEqualTo(8);
        assertThat(counts.late()).isEqualTo(8);
        assertThat(training.epochs).hasSize(2);
        assertThat(training.end.model().isFinite()).isTrue();
    }

    private static void await(CountDownLatch latch) {
        try {
            assertThat(latch.await(60, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void whereNobodyIsLateNotABitChanges(JavaSparkContext spark) throws IOException {
        try (ImageShards shards = Training.shards(spark, folder, EXAMPLES, 2)) {
            Training patient = Training.run(spark, shards, Training.SMALL, spec(SyncSpec.averaging(2)));
            Training training = Training.run(spark, shards, Training.SMALL, spec(halfOf(Duration.ofDays(1))));
            assertThat(training.end.parameters()).isEqualTo(patient.end.parameters());
            assertThat(training.end.optimizer().slots().get(0))
                    .isEqualTo(patient.end.optimizer().slots().get(0));
        }
    }

    /** A task that fails has not come late: it ends training with its cause, whatever the quorum. */
    @Test
    void aTaskThatFailsEndsTheRoundWithItsCause(JavaSparkContext spark) throws IOException {
        FaultyBackend.disturbance = (step, parameters) -> {
            if (step.worker() == 1) {
                throw new IllegalStateException("this worker is broken");
            }
        };
        try (ImageShards shards = Training.shards(spark, folder, EXAMPLES, 2)) {
            assertThatThrownBy(() -> Training.run(
                            spark,
                            shards,
                            Training.replica("faulty", Training.SMALL),
                            spec(halfOf(Duration.ofDays(1)))))
                    .hasMessageContaining("this worker is broken");
        }
    }

    @Test
    void aShareIsRoundedUpToWorkers() {
        assertThat(new LatePolicy(0.75, Duration.ofSeconds(1)).needed(10)).isEqualTo(8);
        assertThat(new LatePolicy(0.01, Duration.ofSeconds(1)).needed(4)).isEqualTo(1);
        assertThat(new LatePolicy(0.07, Duration.ofSeconds(1)).needed(100)).isEqualTo(7);
        assertThat(LatePolicy.WAIT_FOR_ALL.needed(4)).isEqualTo(4);
    }
}
