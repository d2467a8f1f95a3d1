package dev.convoy.train.rounds;

import static org.assertj.core.api.Assertions.assertThat;

import dev.convoy.data.ClassWeights;
import dev.convoy.data.ImageBatch;
import dev.convoy.data.augment.Augmentation;
import dev.convoy.data.augment.GeometricTransform;
import dev.convoy.data.augment.PixelTransform;
import dev.convoy.data.plan.EpochPlan;
import dev.convoy.data.plan.Shuffle;
import dev.convoy.data.plan.WorkerShard;
import dev.convoy.data.rdd.ImageShards;
import dev.convoy.model.Loss;
import dev.convoy.model.Network;
import dev.convoy.model.NetworkSpec;
import dev.convoy.model.backend.ComputeBackend;
import dev.convoy.model.backend.LocalTrainer;
import dev.convoy.model.backend.Replica;
import dev.convoy.model.backend.StepKey;
import dev.convoy.model.layer.LayerSpec;
import dev.convoy.model.optimizer.OptimizerSpec;
import dev.convoy.testing.SparkExtension;
import dev.convoy.testing.Training;
import dev.convoy.train.BatchLoading;
import dev.convoy.train.TrainingSpec;
import dev.convoy.train.TrainingState;
import dev.convoy.train.allreduce.AllReduceSpec;
import dev.convoy.train.sync.OptimizerStatePolicy;
import dev.convoy.train.sync.ParameterAveraging;
import dev.convoy.train.sync.SyncSpec;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.apache.spark.api.java.JavaSparkContext;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Many workers against one replica that sees the union of their batches. */
@ExtendWith(SparkExtension.class)
class EqualityTest {
    private static final int WORKERS = 3;
    private static final int BATCH = 4;
    /** Twenty steps, the last of them with 2, 1 and 1 examples. */
    private static final int EXAMPLES = 19 * WORKERS * BATCH + 4;

    @TempDir
    Path folder;

    @Test
    @Tag("each-backend")
    void gradientExchangeIsOneWorkerOnTheLargeBatch(JavaSparkContext spark) throws IOException {
        OptimizerSpec momentum = new OptimizerSpec.Momentum(0.9, 1e-3);
        assertEqualsOneWorker(spark, spec(momentum, SyncSpec.gradient()), momentum);
        OptimizerSpec adam = new OptimizerSpec.AdamW().withEps(1e-4);
        assertEqualsOneWorker(spark, spec(adam, SyncSpec.gradient()), adam);
    }

    /** Random changes belong to an example and an epoch, not to a worker. */
    @Test
    void augmentedImagesAreTheSameForOneWorker(JavaSparkContext spark) throws IOException {
        OptimizerSpec sgd = new OptimizerSpec.Sgd();
        Augmentation augmentation = new Augmentation(List.of(
                new GeometricTransform.Affine().withRotate(10.0).withTranslate(0.1),
                new PixelTransform.ColourJitter().withBrightness(0.2),
                new GeometricTransform.RandomCrop(2),
                new PixelTransform.RandomErasing()));
        TrainingSpec plain = spec(sgd, SyncSpec.gradient());
        BatchLoading augmented = new BatchLoading(Shuffle.GLOBAL, augmentation, ClassWeights.NONE, 0);
        float[] parameters = assertEqualsOneWorker(spark, fed(sgd, SyncSpec.gradient(), augmented), sgd);
        assertThat(largestDifference(parameters, assertEqualsOneWorker(spark, plain, sgd)))
                .isGreaterThan(1e-3);
    }

    /** What a step trains does not depend on who made it, or when. */
    @ParameterizedTest
    @EnumSource(Shuffle.Kind.class)
    void batchesMadeAheadGiveTheSameBits(Shuffle.Kind kind, JavaSparkContext spark) throws IOException {
        Augmentation augmentation = new Augmentation(
                List.of(new GeometricTransform.Affine().withRotate(10.0).withTranslate(0.1)));
        OptimizerSpec sgd = new OptimizerSpec.Sgd();
        List<float[]> ends = new ArrayList<>();
        try (ImageShards shards = Training.shards(spark, folder, EXAMPLES, 2)) {
            for (int threads : List.of(0, 3)) {
                BatchLoading loading =
                        new BatchLoading(new Shuffle(kind, 32), augmentation, ClassWeights.NONE, threads);
                TrainingSpec spec = fed(sgd, SyncSpec.averaging(4), loading);
                for (boolean allReduce : List.of(false, true)) {
                    ends.add((allReduce
                                    ? Training.allReduce(spark, shards, Training.SMALL, spec, AllReduceSpec.defaults())
                                    : Training.run(spark, shards, Training.SMALL, spec))
                            .end.parameters());
                }
            }
        }
        assertThat(ends.get(2)).isEqualTo(ends.get(0));
        assertThat(ends.get(3)).isEqualTo(ends.get(1));
    }

    @Test
    @Tag("each-backend")
    void weighedClassesAreToo(JavaSparkContext spark) throws IOException {
        OptimizerSpec sgd = new OptimizerSpec.Sgd();
        List<Double> weights = List.of(0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 0.25, 1.0, 1.0);
        float[] parameters = assertEqualsOneWorker(spark, weighted(sgd, weights), sgd);
        assertThat(largestDifference(parameters, assertEqualsOneWorker(spark, spec(sgd, SyncSpec.gradient()), sgd)))
                .isGreaterThan(1e-3);
    }

    @Test
    @Tag("each-backend")
    void weightsOfOneChangeNoBit(JavaSparkContext spark) throws IOException {
        OptimizerSpec sgd = new OptimizerSpec.Sgd();
        try (ImageShards shards = Training.shards(spark, folder, EXAMPLES, WORKERS)) {
            Training plain = Training.run(spark, shards, Training.SMALL, spec(sgd, SyncSpec.gradient()));
            Training ones = Training.run(spark, shards, Training.SMALL, weighted(sgd, Collections.nCopies(10, 1.0)));
            assertThat(ones.end.parameters()).isEqualTo(plain.end.parameters());
            assertThat(ones.epochs.get(0).trainLoss())
                    .isEqualTo(plain.epochs.get(0).trainLoss());
        }
    }

    private static TrainingSpec weighted(OptimizerSpec optimizer, List<Double> weights) {
        return fed(
                optimizer,
                SyncSpec.gradient(),
                new BatchLoading(Shuffle.GLOBAL, Augmentation.NONE, new ClassWeights(weights), 0));
    }

    private static TrainingSpec fed(OptimizerSpec optimizer, SyncSpec sync, BatchLoading loading) {
        return new TrainingSpec(1, 1, BATCH, optimizer, Training.RATE, sync, loading);
    }

    @Test
    @Tag("each-backend")
    void averagingAfterEveryStepOfPlainSgdIsToo(JavaSparkContext spark) throws IOException {
        OptimizerSpec sgd = new OptimizerSpec.Sgd();
        assertEqualsOneWorker(spark, spec(sgd, SyncSpec.averaging(1)), sgd);
    }

    @Test
    @Tag("each-backend")
    void averagedMomentumCarriesOnAndResetMomentumIsPlainSgd(JavaSparkContext spark) throws IOException {
        OptimizerSpec momentum = new OptimizerSpec.Momentum().withMomentum(0.9);
        // With equal weights, averaging after every step is linear in momentum too.
        assertEqualsOneWorker(spark, spec(momentum, SyncSpec.averaging(1)), momentum);
        assertEqualsOneWorker(
                spark,
                spec(momentum, SyncSpec.of(ParameterAveraging.every(1).withOptimizerState(OptimizerStatePolicy.RESET))),
                new OptimizerSpec.Sgd());
    }

    private static TrainingSpec spec(OptimizerSpec optimizer, SyncSpec sync) {
        return new TrainingSpec(1, 1, BATCH, optimizer, Training.RATE, sync);
    }

    private float[] assertEqualsOneWorker(JavaSparkContext spark, TrainingSpec spec, OptimizerSpec alone)
            throws IOException {
        try (ImageShards shards = Training.shards(spark, folder, EXAMPLES, WORKERS);
                ImageShards whole = Training.shards(spark, folder, EXAMPLES, 1)) {
            Training training = Training.run(spark, shards, Training.SMALL, spec);
            assertThat(training.end.progress().globalStep()).isEqualTo(20);
            List<byte[]> chunks = whole.chunks().collect();
            float[] expected = trainAlone(spec, alone, spec.plan(shards.layout(), 0), WorkerShard.of(chunks));
            assertThat(largestDifference(training.end.parameters(), expected)).isLessThan(1e-5);
            return expected;
        }
    }

    private static float[] trainAlone(TrainingSpec spec, OptimizerSpec optimizer, EpochPlan plan, WorkerShard shard) {
        Network network = Training.SMALL.bind(Training.DIGIT);
        try (Replica replica = ComputeBackend.named(Training.BACKEND).newReplica(network, Training.NORMALIZATION)) {
            LocalTrainer trainer = new LocalTrainer(replica, network, optimizer);
            trainer.load(
                    network.initialState(spec.seed()),
                    optimizer.initialState(network.layout().parameterCount()));
            for (int step = 0; step < plan.steps(); step++) {
                int now = step;
                long[] union = IntStream.range(0, WORKERS)
                        .mapToObj(worker -> plan.batch(worker, now, shard))
                        .flatMapToLong(LongStream::of)
                        .toArray();
                double rate = spec.learningRate().at(step, plan.steps(), 1);
                ImageBatch batch = spec.loading().gather(shard, union, spec.seed(), 0, 0);
                trainer.step(batch, new StepKey(spec.seed(), step, 0), rate);
            }
            return replica.parameters().toArray();
        }
    }

    private static double largestDifference(float[] found, float[] expected) {
        assertThat(found).hasSameSizeAs(expected);
        double largest = 0;
        for (int i = 0; i < found.length; i++) {
            largest = Math.max(largest, Math.abs((double) found[i] - expected[i]));
        }
        return largest;
    }

    static Stream<SyncSpec> rules() {
        return Stream.of(SyncSpec.gradient(), SyncSpec.averaging(5));
    }

    /** Dropout, running statistics and Adam's memory included: the same run twice gives the same bits. */
    @ParameterizedTest
    @Tag("each-backend")
    @MethodSource("rules")
    void runsAreBitwiseRepeatable(SyncSpec sync, JavaSparkContext spark) throws IOException {
        NetworkSpec network = new NetworkSpec(List.of(
                        new LayerSpec.Flatten(),
                        new LayerSpec.Dense(16),
                        new LayerSpec.BatchNorm(),
                        new LayerSpec.Relu(),
                        new LayerSpec.Dropout(0.3),
                        new LayerSpec.Dense(10)))
                .withLoss(Loss.SOFTMAX_CROSS_ENTROPY);
        OptimizerSpec adam = new OptimizerSpec.Adam();
        TrainingSpec spec = new TrainingSpec(5, 2, 8, adam, Training.RATE, sync);
        try (ImageShards shards = Training.shards(spark, folder, 250, 3)) {
            TrainingState first = Training.run(spark, shards, network, spec).end;
            TrainingState second = Training.run(spark, shards, network, spec).end;
            assertThat(second.parameters()).isEqualTo(first.parameters());
            assertThat(second.buffers()).isEqualTo(first.buffers());
            assertThat(second.optimizer().slots().get(1))
                    .isEqualTo(first.optimizer().slots().get(1));
            assertThat(first.buffers()).as("running statistics moved").isNotEqualTo(new float[first.buffers().length]);
        }
    }
}
