package dev.convoy.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.convoy.data.ConvoyException;
import dev.convoy.data.decode.ImageDecoder;
import dev.convoy.data.plan.WorkerLayout;
import dev.convoy.data.rdd.ImageShards;
import dev.convoy.data.rdd.ImageShards.OnBadImage;
import dev.convoy.data.rdd.ShardSpec;
import dev.convoy.data.source.FolderSource;
import dev.convoy.data.source.ImageListing;
import dev.convoy.model.optimizer.LearningRate;
import dev.convoy.model.optimizer.OptimizerSpec;
import dev.convoy.model.zoo.NamedNetwork;
import dev.convoy.testing.Digits;
import dev.convoy.testing.SparkExtension;
import dev.convoy.testing.Training;
import dev.convoy.train.replica.ReplicaSpec;
import dev.convoy.train.rounds.RoundsMaster;
import dev.convoy.train.sync.SyncSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.api.java.JavaSparkContext;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Tag("each-backend")
@ExtendWith(SparkExtension.class)
class LedgerTest {
    private static final OptimizerSpec SGD = new OptimizerSpec.Sgd();

    private enum Rule {
        PARAMETER_AVERAGING,
        GRADIENT
    }

    @TempDir
    Path folder;

    @ParameterizedTest
    @CsvSource({
        "101, 3, 8, 4, PARAMETER_AVERAGING",
        "101, 3, 8, 1, GRADIENT",
        "64, 2, 32, 1, PARAMETER_AVERAGING",
        "5, 8, 4, 3, PARAMETER_AVERAGING",
        "1, 4, 16, 2, GRADIENT"
    })
    void nothingIsLost(int examples, int workers, int batchSize, int localSteps, Rule exchange, JavaSparkContext spark)
            throws IOException {
        TrainingSpec spec = spec(2, batchSize, exchange, localSteps, Training.RATE);
        try (ImageShards shards = Training.shards(spark, folder, examples, workers)) {
            Training training = Training.run(spark, shards, Training.SMALL, spec);
            assertThat(training.epochs).hasSize(2).allSatisfy(epoch -> assertThat(epoch.ledger())
                    .isEqualTo(new EpochReport.Ledger(examples, examples, 0, 0, 0, 0, 0)));
            assertThat(training.end.progress().examples()).isEqualTo(2L * examples);
            assertThat(training.rounds)
                    .hasSize(2 * ((spec.plan(shards.layout(), 0).steps() + localSteps - 1) / localSteps));
        }
    }

    @Test
    void rejectedImagesAreCountedEveryEpoch(JavaSparkContext spark) throws IOException {
        Path tree = Digits.testFolder(folder);
        Files.writeString(tree.resolve("2/bad.png"), "no image");
        Files.writeString(tree.resolve("5/bad.png"), "no image");
        ImageListing listing = new FolderSource(tree.toString()).list(new Configuration(), List.of());
        ImageDecoder decoder = new ImageDecoder(Training.DIGIT, ImageDecoder.Sizes.REFUSE, ImageDecoder.Colours.REFUSE);
        WorkerLayout layout = new WorkerLayout(1, listing.examples(), listing.examples(), 2);
        ShardSpec skipping = new ShardSpec(decoder, layout).withOnBadImage(OnBadImage.SKIP);
        try (ImageShards shards = ImageShards.of(spark, listing, skipping)) {
            // With batches of one image, a rejected one leaves its worker with nothing to do.
            Training training = Training.run(
                    spark, shards, Training.SMALL, spec(1, 1, Rule.PARAMETER_AVERAGING, 50, Training.RATE));
            assertThat(training.epochs.get(0).ledger())
                    .isEqualTo(new EpochReport.Ledger(Digits.TEST + 2, Digits.TEST, 2, 0, 0, 0, 0));
        }
    }

    @Test
    void aLossThatIsNotFiniteStopsWithTheLastGoodState(JavaSparkContext spark) throws IOException {
        LearningRate far = new LearningRate(1e30);
        TrainingSpec spec = spec(3, 10, Rule.PARAMETER_AVERAGING, 2, far);
        try (ImageShards shards = Training.shards(spark, folder, 100, 2)) {
            assertThatThrownBy(() -> Training.run(spark, shards, NamedNetwork.MLP.spec(10), spec))
                    .isInstanceOfSatisfying(DivergedException.class, e -> {
                        assertThat(e)
                                .hasMessageMatching(
                                        ".*not finite on worker 0 (and on 1 more )?in epoch 1, round \\d.*");
                        for (float parameter : e.lastGood().parameters()) {
                            assertThat(parameter).isFinite();
                        }
                    });
        }
    }

    @Test
    void aNetworkWithTheWrongNumberOfOutputsIsRefused(JavaSparkContext spark) throws IOException {
        try (ImageShards shards = Training.shards(spark, folder, 10, 2)) {
            assertThatThrownBy(() -> Training.run(
                            spark, shards, NamedNetwork.MLP.spec(7), spec(1, 8, Rule.GRADIENT, 1, Training.RATE)))
                    .isInstanceOf(ConvoyException.class)
                    .hasMessageContaining("7 outputs on 10 classes");
        }
    }

    @Test
    void theStateBeforeARoundIsNotChangedByIt(JavaSparkContext spark) throws IOException {
        TrainingSpec spec = spec(1, 10, Rule.PARAMETER_AVERAGING, 2, Training.RATE);
        try (ImageShards shards = Training.shards(spark, folder, 100, 2)) {
            ReplicaSpec replica = Training.replica(Training.SMALL);
            TrainingState start = TrainingState.start(replica.bind().initialState(1), SGD);
            float[] before = start.parameters().clone();
            TrainingState after = new RoundsMaster(spark, shards, replica, spec).advance(start, 2, round -> {});
            assertThat(start.parameters()).isEqualTo(before).isNotEqualTo(after.parameters());
            assertThat(after.progress().round()).isEqualTo(2);
        }
    }

    private static TrainingSpec spec(int epochs, int batchSize, Rule exchange, int localSteps, LearningRate rate) {
        return new TrainingSpec(
                1,
                epochs,
                batchSize,
                SGD,
                rate,
                exchange == Rule.GRADIENT ? SyncSpec.gradient() : SyncSpec.averaging(localSteps));
    }
}
