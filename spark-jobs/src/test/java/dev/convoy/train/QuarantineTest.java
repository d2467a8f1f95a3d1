package dev.convoy.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.convoy.data.rdd.ImageShards;
import dev.convoy.model.backend.StepKey;
import dev.convoy.model.optimizer.OptimizerSpec;
import dev.convoy.testing.FaultyBackend;
import dev.convoy.testing.SparkExtension;
import dev.convoy.testing.Training;
import dev.convoy.train.sync.SyncSpec;
import java.io.IOException;
import java.nio.file.Path;
import java.util.function.ToDoubleFunction;
import org.apache.spark.api.java.JavaSparkContext;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** One of two workers computes wrongly. */
@ExtendWith(SparkExtension.class)
class QuarantineTest {
    /** 25 steps of two times two images, thirteen rounds of two steps. */
    private static final TrainingSpec SPEC =
            new TrainingSpec(1, 1, 2, new OptimizerSpec.Sgd(), Training.RATE, SyncSpec.averaging(2));

    @TempDir
    Path folder;

    @Test
    void aLossThatIsNotFiniteIsLeftOutAndCounted(JavaSparkContext spark) throws IOException {
        Training training = train(spark, step -> isAt(step, 7) ? Double.NaN : 1);
        assertLeftOut(training, 7, Quarantined.Fault.LOSS);
    }

    @Test
    void anUpdateFarBeyondTheOthersIsLeftOutAndCounted(JavaSparkContext spark) throws IOException {
        Training training = train(spark, step -> isAt(step, 21) ? 1e7 : 1);
        assertLeftOut(training, 21, Quarantined.Fault.NORM);
    }

    private static void assertLeftOut(Training training, long step, Quarantined.Fault fault) {
        assertThat(training.epochs.get(0).ledger()).isEqualTo(new EpochReport.Ledger(100, 96, 0, 0, 4, 0, 0));
        assertThat(training.rounds.get((int) step / 2).quarantined())
                .singleElement()
                .satisfies(out -> {
                    assertThat(out.worker()).isEqualTo(1);
                    assertThat(out.globalStep()).isEqualTo(step);
                    assertThat(out.fault()).isEqualTo(fault);
                });
        assertThat(training.end.model().isFinite()).isTrue();
        assertThat(training.end.progress().examples()).isEqualTo(96);
    }

    @Test
    void repeatedQuarantineEndsTraining(JavaSparkContext spark) {
        assertThatThrownBy(() -> train(spark, step -> step.worker() == 1 && step.globalStep() >= 9 ? Double.NaN : 1))
                .isInstanceOfSatisfying(DivergedException.class, e -> {
                    assertThat(e).hasMessageContaining("the loss is not finite on worker 1 in epoch 1, round 7");
                    assertThat(e.lastGood().isFinite()).isTrue();
                });
    }

    private static boolean isAt(StepKey step, long globalStep) {
        return step.worker() == 1 && step.globalStep() == globalStep;
    }

    private Training train(JavaSparkContext spark, ToDoubleFunction<StepKey> factor) throws IOException {
        FaultyBackend.factor = factor;
        try (ImageShards shards = Training.shards(spark, folder, 100, 2)) {
            return Training.run(spark, shards, Training.replica("faulty", Training.SMALL), SPEC);
        } finally {
            FaultyBackend.factor = FaultyBackend.SOUND;
        }
    }
}
