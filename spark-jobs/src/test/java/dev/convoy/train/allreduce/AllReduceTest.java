package dev.convoy.train.allreduce;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.convoy.collective.CollectiveBackend;
import dev.convoy.data.ConvoyException;
import dev.convoy.data.rdd.ImageShards;
import dev.convoy.model.NetworkSpec;
import dev.convoy.model.layer.LayerSpec;
import dev.convoy.model.optimizer.OptimizerSpec;
import dev.convoy.testing.FaultyBackend;
import dev.convoy.testing.SparkExtension;
import dev.convoy.testing.Training;
import dev.convoy.train.EpochReport;
import dev.convoy.train.RoundReport;
import dev.convoy.train.TrainingMaster;
import dev.convoy.train.TrainingSpec;
import dev.convoy.train.replica.ReplicaSpec;
import dev.convoy.train.rounds.RoundsMaster;
import dev.convoy.train.sync.OptimizerStatePolicy;
import dev.convoy.train.sync.OuterOptimizer;
import dev.convoy.train.sync.ParameterAveraging;
import dev.convoy.train.sync.SyncSpec;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaFutureAction;
import org.apache.spark.api.java.JavaSparkContext;
import org.bytedeco.javacpp.Loader;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Executors that sum among themselves, against the driver that sums. */
@Tag("each-backend")
@ExtendWith(SparkExtension.class)
@Timeout(300)
class AllReduceTest {
    /** Twenty steps of two workers, the last with 2 and 1 images. */
    private static final int EXAMPLES = 19 * 2 * 4 + 3;

    private static final OptimizerSpec MOMENTUM = new OptimizerSpec.Momentum(0.9, 1e-3);
    private static final OptimizerSpec ADAM = new OptimizerSpec.AdamW().withEps(1e-4);

    @TempDir
    Path folder;

    static Stream<TrainingSpec> specs() {
        return Stream.of(
                spec(MOMENTUM, SyncSpec.gradient()),
                spec(ADAM, SyncSpec.gradient()),
                spec(MOMENTUM, SyncSpec.averaging(3)),
                spec(ADAM, SyncSpec.averaging(20)),
                spec(MOMENTUM, SyncSpec.of(ParameterAveraging.every(3).withOptimizerState(OptimizerStatePolicy.RESET))),
                spec(MOMENTUM, SyncSpec.of(ParameterAveraging.every(4).withOuter(new OuterOptimizer.Nesterov()))),
                spec(MOMENTUM, SyncSpec.of(ParameterAveraging.every(4).withOuter(new OuterOptimizer.Momentum()))));
    }

    private static TrainingSpec spec(OptimizerSpec optimizer, SyncSpec sync) {
        return new TrainingSpec(1, 1, 4, optimizer, Training.RATE, sync);
    }

    @ParameterizedTest
    @MethodSource("specs")
    void equalsRounds(TrainingSpec spec, JavaSparkContext spark) throws IOException {
        try (ImageShards shards = Training.shards(spark, folder, EXAMPLES, 2)) {
            Training rounds = Training.run(spark, shards, Training.SMALL, spec);
            Training allReduce = Training.allReduce(spark, shards, Training.SMALL, spec, AllReduceSpec.defaults());
            assertClose(allReduce, rounds, 1e-5);
            assertThat(allReduce.rounds).hasSameSizeAs(rounds.rounds);
            assertThat(allReduce.epochs.get(0).ledger())
                    .isEqualTo(rounds.epochs.get(0).ledger());
            assertThat(allReduce.epochs.get(0).trainLoss())
                    .isCloseTo(rounds.epochs.get(0).trainLoss(), within(1e-4));
        }
    }

    /** Running statistics and several epochs; five workers of which only some have images in the last steps. */
    @Test
    void runningStatisticsAreAveragedToo(JavaSparkContext spark) throws IOException {
        NetworkSpec network = new NetworkSpec(List.of(
                new LayerSpec.Flatten(),
                new LayerSpec.Dense(16),
                new LayerSpec.BatchNorm(),
                new LayerSpec.Relu(),
                new LayerSpec.Dense(10)));
        TrainingSpec spec = new TrainingSpec(1, 2, 8, new OptimizerSpec.Sgd(), Training.RATE, SyncSpec.averaging(2));
        try (ImageShards shards = Training.shards(spark, folder, 81, 2)) {
            Training rounds = Training.run(spark, shards, network, spec);
            Training allReduce = Training.allReduce(spark, shards, network, spec, AllReduceSpec.defaults());
            assertThat(allReduce.end.buffers()).containsExactly(rounds.end.buffers(), within(1e-4f));
            Training again = Training.allReduce(spark, shards, network, spec, AllReduceSpec.defaults());
            assertThat(again.end.parameters()).isEqualTo(allReduce.end.parameters());
        }
    }

    @Test
    void localStepsAreChosenAndKept(JavaSparkContext spark) throws IOException {
        TrainingSpec spec =
                new TrainingSpec(1, 2, 4, MOMENTUM, Training.RATE, SyncSpec.averaging(ParameterAveraging.AUTO));
        try (ImageShards shards = Training.shards(spark, folder, 400, 2)) {
            for (TrainingMaster master : masters(spark, shards, spec)) {
                Training training = Training.run(spark, shards, Training.replica(Training.SMALL), spec, master);
                int chosen = training.end.progress().localSteps();
                assertThat(chosen).isBetween(1, 50);
                assertThat(training.rounds.get(0).steps()).isEqualTo(1);
                List<RoundReport> second = training.rounds.stream()
                        .filter(round -> round.progress().globalStep() > 51)
                        .toList();
                assertThat(second.get(0).steps()).isEqualTo(Math.min(50, chosen));
                assertThat(training.end.progress().globalStep()).isEqualTo(100);
            }
        }
    }

    private static List<TrainingMaster> masters(JavaSparkContext spark, ImageShards shards, TrainingSpec spec) {
        ReplicaSpec replica = Training.replica(Training.SMALL);
        return List.of(
                new RoundsMaster(spark, shards, replica, spec),
                new AllReduceMaster(spark, shards, replica, spec, AllReduceSpec.defaults()));
    }

    /** Three hundred rounds of one image each; in the 257th models are compared. */
    @Test
    void ranksThatHaveDriftedApartGoOnFromOneModel(JavaSparkContext spark) throws IOException {
        TrainingSpec spec = new TrainingSpec(1, 1, 1, ADAM, Training.RATE, SyncSpec.gradient());
        Map<Long, Map<Integer, float[]>> models = new ConcurrentHashMap<>();
        FaultyBackend.disturbance = (step, parameters) -> {
            if (step.globalStep() == 3 && step.worker() == 1) {
                parameters.scale(1 + 1e-6f);
            }
            if (step.globalStep() == 250 || step.globalStep() == 290) {
                models.computeIfAbsent(step.globalStep(), at -> new ConcurrentHashMap<>())
                        .put(step.worker(), parameters.toArray());
            }
        };
        try (ImageShards shards = Training.shards(spark, folder, 600, 2)) {
            ReplicaSpec replica = Training.replica("faulty", Training.SMALL);
            Training training = Training.run(
                    spark,
                    shards,
                    replica,
                    spec,
                    new AllReduceMaster(spark, shards, replica, spec, AllReduceSpec.defaults()));
            assertThat(training.rounds).hasSize(300);
            assertThat(training.epochs.get(0).ledger()).isEqualTo(new EpochReport.Ledger(600, 600, 0, 0, 0, 0, 0));
            assertThat(models.get(250L).get(1)).isNotEqualTo(models.get(250L).get(0));
            assertThat(models.get(290L).get(1)).isEqualTo(models.get(290L).get(0));
        } finally {
            FaultyBackend.disturbance = (step, parameters) -> {};
        }
    }

    /** Two of five workers own nothing, whatever keeps the images. */
    @ParameterizedTest
    @EnumSource(ImageShards.Cache.class)
    void workersWithoutExamplesDoNoHarm(ImageShards.Cache cache, JavaSparkContext spark) throws IOException {
        TrainingSpec spec = specs().findFirst().orElseThrow();
        try (ImageShards shards = Training.shards(spark, folder, 3, 5, cache)) {
            Training training = Training.allReduce(spark, shards, Training.SMALL, spec, AllReduceSpec.defaults());
            assertThat(training.epochs.get(0).ledger()).isEqualTo(new EpochReport.Ledger(3, 3, 0, 0, 0, 0, 0));
        }
    }

    private static final CountDownLatch HOLDING = new CountDownLatch(1);
    private static final CountDownLatch RELEASED = new CountDownLatch(1);

    @Test
    void aSlotThatNeverComesFreeIsNotWaitedForInVain(JavaSparkContext spark) throws Exception {
        JavaFutureAction<Void> holder = spark.parallelize(List.of(0), 1).foreachAsync(nothing -> {
            HOLDING.countDown();
            RELEASED.await(120, TimeUnit.SECONDS);
        });
        try (ImageShards shards = Training.shards(spark, folder, 20, 2)) {
            assertThat(HOLDING.await(60, TimeUnit.SECONDS)).isTrue();
            AllReduceSpec impatient = new AllReduceSpec(
                    AllReduceSpec.Sharing.HOST,
                    CollectiveBackend.GLOO,
                    true,
                    2,
                    1,
                    AllReduceSpec.PlainTextPolicy.AS_SPARK_ALLOWS);
            TrainingSpec spec = specs().findFirst().orElseThrow();
            assertThatThrownBy(() -> Training.allReduce(spark, shards, Training.SMALL, spec, impatient))
                    .isInstanceOf(ConvoyException.class)
                    .hasMessageContaining("none of the 2 tasks in 2 s, the timeout of all-reduce");
        } finally {
            RELEASED.countDown();
            holder.get(60, TimeUnit.SECONDS);
        }
    }

    @Test
    void ncclIsRefusedBeforeAnythingIsReadWhereItsNativesAreMissing(JavaSparkContext spark) {
        String natives = "/org/bytedeco/pytorch/" + Loader.getPlatform() + "-gpu/libjnitorch_nccl.so";
        assumeTrue(getClass().getResource(natives) == null, "Natives of the profile torch-cuda are here");
        AllReduceSpec nccl = new AllReduceSpec(
                AllReduceSpec.Sharing.HOST,
                CollectiveBackend.NCCL,
                true,
                1,
                1,
                AllReduceSpec.PlainTextPolicy.AS_SPARK_ALLOWS);
        assertThatThrownBy(() -> AllReduceMaster.check(spark.getConf(), nccl))
                .isInstanceOf(ConvoyException.class)
                .hasMessageContaining("mvn package -Ptorch-cuda, or use the network backend gloo");
    }

    @Test
    void whereVectorsMustNotTravelTheyDoNot() {
        SparkConf cluster = new SparkConf(false).setMaster("spark://host:7077");
        AllReduceSpec trusted = new AllReduceSpec(
                AllReduceSpec.Sharing.HOST, CollectiveBackend.GLOO, true, 1, 1, AllReduceSpec.PlainTextPolicy.ALWAYS);
        for (String key : List.of("spark.authenticate", "spark.network.crypto.enabled", "spark.ssl.enabled")) {
            SparkConf secured = cluster.clone().set(key, "true");
            assertThatThrownBy(() -> AllReduceMaster.check(secured, AllReduceSpec.defaults()))
                    .hasMessageContaining(key)
                    .hasMessageContaining("allow plain text on a network that you trust");
            AllReduceMaster.check(secured, trusted);
            AllReduceMaster.check(secured.clone().setMaster("local[2]"), AllReduceSpec.defaults());
        }
        SparkConf dynamic = cluster.clone().set("spark.dynamicAllocation.enabled", "true");
        assertThatThrownBy(() -> AllReduceMaster.check(dynamic, trusted))
                .hasMessageContaining("spark.dynamicAllocation.enabled");
    }

    private static void assertClose(Training found, Training expected, double tolerance) {
        assertThat(found.end.parameters()).containsExactly(expected.end.parameters(), within((float) tolerance));
        assertThat(found.end.progress()).isEqualTo(expected.end.progress());
        assertThat(found.end.optimizer().steps())
                .isEqualTo(expected.end.optimizer().steps());
    }
}
