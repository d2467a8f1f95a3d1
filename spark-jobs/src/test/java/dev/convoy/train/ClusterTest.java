package dev.convoy.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.convoy.collective.CollectiveBackend;
import dev.convoy.collective.Compression;
import dev.convoy.data.rdd.ImageShards;
import dev.convoy.model.optimizer.OptimizerSpec;
import dev.convoy.model.zoo.NamedNetwork;
import dev.convoy.testing.FaultyBackend;
import dev.convoy.testing.LocalCluster;
import dev.convoy.testing.LosingPlugin;
import dev.convoy.testing.Training;
import dev.convoy.train.allreduce.AllReduceMaster;
import dev.convoy.train.allreduce.AllReduceSpec;
import dev.convoy.train.replica.ReplicaSpec;
import dev.convoy.train.rounds.RoundsMaster;
import dev.convoy.train.sync.LatePolicy;
import dev.convoy.train.sync.SyncSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaSparkContext;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Real executors, each a process of its own, against local mode: the same bits. */
@Timeout(value = 5, unit = TimeUnit.MINUTES)
class ClusterTest {
    private static final TrainingSpec SPEC = new TrainingSpec(
            3, 2, 16, new OptimizerSpec.Momentum().withWeightDecay(1e-4), Training.RATE, SyncSpec.averaging(2));

    /** Over Gloo, as between hosts. */
    private static final AllReduceSpec BY_EXECUTOR = new AllReduceSpec(
            AllReduceSpec.Sharing.EXECUTOR,
            CollectiveBackend.GLOO,
            true,
            60,
            4,
            AllReduceSpec.PlainTextPolicy.AS_SPARK_ALLOWS);

    @TempDir
    Path folder;

    @Test
    @Tag("each-backend")
    void executorsAndALostExecutorChangeNothing() throws IOException {
        Training local;
        try (JavaSparkContext spark = LocalCluster.context("local[2]")) {
            local = train(spark);
        }
        try (JavaSparkContext spark = LocalCluster.context("local-cluster[2,1,1024]")) {
            assertSameBits(train(spark).end, local.end);
            AtomicBoolean killed = new AtomicBoolean();
            Training disturbed = train(spark, new TrainingListener() {
                @Override
                public void roundCompleted(RoundReport round) {
                    if (round.progress().epoch() == 0 && round.progress().round() == 3) {
                        LocalCluster.killAnExecutor();
                        killed.set(true);
                    }
                }
            });
            assertThat(killed).isTrue();
            assertSameBits(disturbed.end, local.end);
            assertThat(disturbed.epochs).allSatisfy(epoch -> {
                assertThat(epoch.ledger().trained()).isEqualTo(400);
                assertThat(epoch.ledger().planned()).isEqualTo(400);
            });
        }
    }

    /** Worker 1 ends its process in the second epoch's fourth round, after three rounds of which the driver has heard. */
    @Test
    void anExecutorThatDiesWithinARoundIsSeenLost() throws IOException {
        Path halted = folder.resolve("halted");
        SparkConf conf = LocalCluster.halting(20, halted);
        try (JavaSparkContext spark = LocalCluster.context(conf);
                ImageShards shards = Training.shards(spark, folder, 400, 2)) {
            ReplicaSpec faulty = Training.replica("faulty", Training.SMALL);
            Training undisturbed = Training.run(spark, shards, Training.SMALL, SPEC);
            assertThat(halted).doesNotExist();
            for (TrainingMaster master : List.of(
                    new RoundsMaster(spark, shards, faulty, SPEC),
                    new AllReduceMaster(spark, shards, faulty, SPEC, BY_EXECUTOR))) {
                Training disturbed = Training.run(spark, shards, faulty, SPEC, master);
                assertThat(halted).exists();
                Files.delete(halted);
                assertThat(disturbed.end.parameters()).containsExactly(undisturbed.end.parameters(), within(1e-5f));
                assertThat(disturbed.epochs.get(1).ledger().retried()).isPositive();
                assertThat(disturbed.epochs)
                        .allSatisfy(
                                epoch -> assertThat(epoch.ledger().trained()).isEqualTo(400));
            }
        }
    }

    /** The vector of worker 1 is lost after its task has told of it. */
    @Test
    void aContributionThatIsLostIsMadeAgain() throws IOException {
        Path lost = folder.resolve("lost");
        SparkConf conf = new SparkConf()
                .setMaster("local-cluster[2,1,1024]")
                .set("spark.plugins", LosingPlugin.class.getName())
                .set(LosingPlugin.FILE, lost.toString());
        try (JavaSparkContext spark = LocalCluster.context(conf);
                ImageShards shards = Training.shards(spark, folder, 400, 2)) {
            Training disturbed = Training.run(spark, shards, Training.SMALL, SPEC);
            assertThat(lost).exists();
            Training undisturbed = Training.run(spark, shards, Training.SMALL, SPEC);
            assertSameBits(disturbed.end, undisturbed.end);
            assertThat(disturbed.rounds.get(0).counts().retried()).isEqualTo(64);
            assertThat(disturbed.rounds.get(1).counts().retried()).isZero();
        }
    }

    /** Held by a signal from the second round on, until that has ended without it; it then finds its state gone, and goes on. */
    @Test
    void anExecutorThatHangsIsLate() throws IOException {
        SyncSpec impatient = SPEC.sync().withLate(new LatePolicy(0.5, Duration.ofSeconds(2)));
        TrainingSpec spec = new TrainingSpec(3, 2, 16, SPEC.optimizer(), Training.RATE, impatient);
        AtomicReference<ProcessHandle> held = new AtomicReference<>();
        try (JavaSparkContext spark = LocalCluster.context("local-cluster[2,1,1024]");
                ImageShards shards = Training.shards(spark, folder, 400, 2)) {
            Training training = Training.run(spark, shards, Training.SMALL, spec, new TrainingListener() {
                @Override
                public void roundCompleted(RoundReport round) {
                    if (held.get() == null) {
                        held.set(LocalCluster.anExecutor());
                        LocalCluster.hold(held.get());
                    } else if (round.counts().late() > 0) {
                        LocalCluster.release(held.get());
                    }
                }
            });
            assertThat(training.rounds.get(1).counts().late()).isEqualTo(32);
            assertThat(training.epochs).allSatisfy(epoch -> assertThat(
                            epoch.ledger().trained() + epoch.ledger().late())
                    .isEqualTo(400));
            assertThat(training.epochs.get(1).ledger().trained()).isGreaterThan(200);
            assertThat(training.end.model().isFinite()).isTrue();
        } finally {
            Optional.ofNullable(held.get()).ifPresent(LocalCluster::release);
        }
    }

    /**
     * Over shared memory and over Gloo, whole and in bfloat16. A lost executor costs a segment, which the other one may go on with alone:
     * then ranks share memory that did not before.
     */
    @Test
    void executorsSumAmongThemselves() throws IOException {
        AllReduceSpec host = AllReduceSpec.defaults();
        try (JavaSparkContext spark = LocalCluster.context("local-cluster[2,1,1024]");
                ImageShards shards = Training.shards(spark, folder, 400, 2)) {
            Training rounds = Training.run(spark, shards, Training.SMALL, SPEC);
            Training shared = Training.allReduce(spark, shards, Training.SMALL, SPEC, host);
            Training gloo = Training.allReduce(spark, shards, Training.SMALL, SPEC, BY_EXECUTOR);
            assertThat(shared.end.parameters()).containsExactly(rounds.end.parameters(), within(1e-5f));
            assertThat(gloo.end.parameters()).containsExactly(rounds.end.parameters(), within(1e-5f));
            TrainingSpec half = new TrainingSpec(
                    3,
                    2,
                    16,
                    SPEC.optimizer(),
                    Training.RATE,
                    SyncSpec.averaging(2).withCompression(Compression.BF16));
            Training rounded = Training.allReduce(spark, shards, Training.SMALL, half, BY_EXECUTOR);
            assertThat(rounded.end.parameters())
                    .isNotEqualTo(gloo.end.parameters())
                    .containsExactly(gloo.end.parameters(), within(1e-2f));

            AtomicBoolean killed = new AtomicBoolean();
            Training disturbed =
                    Training.allReduce(spark, shards, Training.SMALL, SPEC, BY_EXECUTOR, new TrainingListener() {
                        @Override
                        public void roundCompleted(RoundReport round) {
                            if (round.progress().epoch() == 1 && !killed.get()) {
                                LocalCluster.killAnExecutor();
                                killed.set(true);
                            }
                        }
                    });
            assertThat(killed).isTrue();
            assertThat(disturbed.end.parameters()).containsExactly(gloo.end.parameters(), within(1e-5f));
            assertThat(disturbed.end.progress()).isEqualTo(gloo.end.progress());
            assertThat(disturbed.epochs).allSatisfy(epoch -> {
                assertThat(epoch.ledger().trained()).isEqualTo(400);
                assertThat(epoch.ledger().planned()).isEqualTo(400);
            });
        }
    }

    /** LeNet's gradient is more than one bucket; worker 1 finds out that its gradient must not count when part of it is gone. */
    @Test
    void gradientsThatGoAheadChangeNothing() throws IOException {
        TrainingSpec spec = new TrainingSpec(3, 1, 16, SPEC.optimizer(), Training.RATE, SyncSpec.gradient());
        SparkConf conf = new SparkConf()
                .setMaster("local-cluster[2,1,1024]")
                .set(
                        "spark.executor.extraJavaOptions",
                        "-Dconvoy.test.backend=" + Training.BACKEND + " -D" + FaultyBackend.STEP + "=7");
        try (JavaSparkContext spark = LocalCluster.context(conf);
                ImageShards shards = Training.shards(spark, folder, 400, 2)) {
            for (String backend : List.of(Training.BACKEND, "faulty")) {
                ReplicaSpec lenet = Training.replica(backend, NamedNetwork.LENET.spec(10));
                Training ahead = overGloo(spark, shards, lenet, spec, true);
                Training after = overGloo(spark, shards, lenet, spec, false);
                assertSameBits(ahead.end, after.end);
                assertThat(ahead.rounds.get(7).quarantined()).hasSize(backend.equals("faulty") ? 1 : 0);
            }
        }
    }

    private static Training overGloo(
            JavaSparkContext spark, ImageShards shards, ReplicaSpec replica, TrainingSpec spec, boolean overlap) {
        AllReduceSpec allReduce = new AllReduceSpec(
                AllReduceSpec.Sharing.EXECUTOR,
                CollectiveBackend.GLOO,
                overlap,
                60,
                4,
                AllReduceSpec.PlainTextPolicy.AS_SPARK_ALLOWS);
        return Training.run(spark, shards, replica, spec, new AllReduceMaster(spark, shards, replica, spec, allReduce));
    }

    private Training train(JavaSparkContext spark, TrainingListener... listeners) throws IOException {
        try (ImageShards shards = Training.shards(spark, folder, 400, 2)) {
            return Training.run(spark, shards, NamedNetwork.LENET.spec(10), SPEC, listeners);
        }
    }

    private static void assertSameBits(TrainingState found, TrainingState expected) {
        assertThat(found.parameters()).isEqualTo(expected.parameters());
        assertThat(found.optimizer().slots().get(0))
                .isEqualTo(expected.optimizer().slots().get(0));
        assertThat(found.progress()).isEqualTo(expected.progress());
    }
}
