package dev.convoy.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.convoy.collective.CollectiveBackend;
import dev.convoy.data.ConvoyException;
import dev.convoy.data.rdd.ImageShards;
import dev.convoy.model.Evaluation;
import dev.convoy.model.optimizer.OptimizerSpec;
import dev.convoy.model.zoo.NamedNetwork;
import dev.convoy.testing.FaultyBackend;
import dev.convoy.testing.LocalCluster;
import dev.convoy.testing.Training;
import dev.convoy.train.allreduce.AllReduceMaster;
import dev.convoy.train.allreduce.AllReduceSpec;
import dev.convoy.train.replica.ReplicaSpec;
import dev.convoy.train.sync.SyncSpec;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaSparkContext;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What a session of Spark may be like, and what becomes of a failure in it; the backend makes no difference. */
@Timeout(value = 5, unit = TimeUnit.MINUTES)
class SessionTest {
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

    /** Whatever is no lost executor or peer would fail again. */
    @Test
    void aFailureOfAnotherKindEndsTrainingAtOnceWithItsCause() throws IOException {
        AtomicInteger failures = new AtomicInteger();
        FaultyBackend.factor = step -> {
            if (step.worker() == 1 && step.globalStep() == 3) {
                failures.incrementAndGet();
                throw new IllegalArgumentException("as a test");
            }
            return 1;
        };
        try (JavaSparkContext spark = LocalCluster.context("local[2]");
                ImageShards shards = Training.shards(spark, folder, 400, 2)) {
            ReplicaSpec faulty = Training.replica("faulty", Training.SMALL);
            AllReduceMaster master = new AllReduceMaster(spark, shards, faulty, SPEC, AllReduceSpec.defaults());
            assertThatThrownBy(() -> Training.run(spark, shards, faulty, SPEC, master))
                    .isInstanceOf(ConvoyException.class)
                    .hasMessageContaining("rank 1 has failed")
                    .hasMessageContaining("as a test");
            assertThat(failures).hasValue(1);
        } finally {
            FaultyBackend.factor = FaultyBackend.SOUND;
        }
    }

    /** Nothing but bytes and what Spark knows itself crosses between driver and executors. */
    @Test
    void sessionsMayUseKryo() throws IOException {
        Training expected;
        Training small;
        try (JavaSparkContext spark = LocalCluster.context("local[2]");
                ImageShards shards = Training.shards(spark, folder, 400, 2)) {
            expected = train(spark);
            small = Training.allReduce(spark, shards, Training.SMALL, SPEC, AllReduceSpec.defaults());
        }
        SparkConf kryo = new SparkConf()
                .setMaster("local-cluster[2,1,1024]")
                .set("spark.serializer", "org.apache.spark.serializer.KryoSerializer")
                .set("spark.kryo.registrationRequired", "true");
        try (JavaSparkContext spark = LocalCluster.context(kryo);
                ImageShards shards = Training.shards(spark, folder, 400, 2)) {
            assertSameBits(train(spark).end, expected.end);
            Training allReduce = Training.allReduce(spark, shards, Training.SMALL, SPEC, BY_EXECUTOR);
            assertThat(allReduce.end.parameters()).containsExactly(small.end.parameters(), within(1e-5f));
            ReplicaSpec replica = Training.replica(Training.SMALL);
            Evaluation evaluation = new Evaluator(spark, replica, 50).evaluate(shards, allReduce.end.model());
            assertThat(evaluation.examples()).isEqualTo(400);
        }
    }

    private static void assertSameBits(TrainingState found, TrainingState expected) {
        assertThat(found.parameters()).isEqualTo(expected.parameters());
        assertThat(found.optimizer().slots().get(0))
                .isEqualTo(expected.optimizer().slots().get(0));
    }

    private Training train(JavaSparkContext spark) throws IOException {
        try (ImageShards shards = Training.shards(spark, folder, 400, 2)) {
            return Training.run(spark, shards, NamedNetwork.LENET.spec(10), SPEC);
        }
    }
}
