package dev.convoy.train.dl4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.convoy.data.ConvoyException;
import dev.convoy.data.rdd.ImageShards;
import dev.convoy.model.Network;
import dev.convoy.model.backend.dl4j.Dl4jGraph;
import dev.convoy.model.optimizer.OptimizerSpec;
import dev.convoy.testing.SparkExtension;
import dev.convoy.testing.Training;
import dev.convoy.train.TrainingSpec;
import dev.convoy.train.replica.ReplicaSpec;
import dev.convoy.train.sync.ParameterAveraging;
import dev.convoy.train.sync.SyncSpec;
import java.io.IOException;
import java.nio.file.Path;
import org.apache.spark.api.java.JavaSparkContext;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Deeplearning4j's own master behind Convoy's interface. */
@ExtendWith(SparkExtension.class)
class Dl4jMasterTest {
    @TempDir
    Path folder;

    @ParameterizedTest
    @EnumSource(Dl4jMaster.Tuning.class)
    void trainsAndCountsWhatItDrops(Dl4jMaster.Tuning tuning, JavaSparkContext spark) throws IOException {
        Training training = train(spark, new OptimizerSpec.Nesterov().withWeightDecay(1e-4), tuning);
        assertThat(training.epochs).hasSize(3).allSatisfy(epoch -> {
            assertThat(epoch.ledger().planned()).isEqualTo(400);
            assertThat(epoch.ledger().trained()).isBetween(100L, 400L);
            assertThat(epoch.ledger().trained() % 10).as("whole batches of ten").isZero();
            assertThat(epoch.ledger().late()).isZero();
        });
        assertThat(training.epochs.get(2).trainLoss())
                .isLessThan(training.epochs.get(0).trainLoss() / 1.5);
        assertThat(training.end.progress().epoch()).isEqualTo(3);
    }

    @Test
    void whatItsUpdatersLackIsRefused(JavaSparkContext spark) {
        assertThatThrownBy(() -> train(spark, new OptimizerSpec.Momentum(), Dl4jMaster.Tuning.TUNED))
                .hasMessageContaining("sgd, nesterov or adam");
    }

    @Test
    void smoothedLabelsAreRefused() {
        Network smoothed = Training.SMALL.withLabelSmoothing(0.1).bind(Training.DIGIT);
        assertThatThrownBy(() -> new Dl4jGraph(smoothed, new OptimizerSpec.Sgd()))
                .isInstanceOf(ConvoyException.class)
                .hasMessageContaining("network.label-smoothing = 0");
    }

    private Training train(JavaSparkContext spark, OptimizerSpec optimizer, Dl4jMaster.Tuning tuning)
            throws IOException {
        ParameterAveraging averaging = ParameterAveraging.every(4);
        TrainingSpec spec = new TrainingSpec(1, 3, 10, optimizer, Training.RATE, SyncSpec.of(averaging));
        try (ImageShards shards = Training.shards(spark, folder, 400, 2)) {
            ReplicaSpec replica = Training.replica("dl4j", Training.SMALL);
            try (Dl4jMaster master = new Dl4jMaster(spark, shards, replica, spec, averaging, tuning)) {
                return Training.run(spark, shards, replica, spec, master);
            }
        }
    }
}
