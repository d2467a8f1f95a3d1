package dev.convoy.train.allreduce;

import static org.assertj.core.api.Assertions.assertThat;

import dev.convoy.data.rdd.ImageShards;
import dev.convoy.model.NetworkSpec;
import dev.convoy.model.layer.LayerSpec;
import dev.convoy.model.optimizer.OptimizerSpec;
import dev.convoy.testing.LocalCluster;
import dev.convoy.testing.Training;
import dev.convoy.train.TrainingSpec;
import dev.convoy.train.TrainingState;
import dev.convoy.train.replica.ReplicaSpec;
import dev.convoy.train.sync.OptimizerStatePolicy;
import dev.convoy.train.sync.ParameterAveraging;
import dev.convoy.train.sync.SyncSpec;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaSparkContext;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import scala.collection.immutable.Map$;

/** Four workers on as many slots, on fewer, and on fewer still after a loss: the same bits. */
@Timeout(value = 5, unit = TimeUnit.MINUTES)
class ElasticTest {
    private static final int WORKERS = 4;
    /** Six steps, the last with 1, 1, 1 and 0 images. */
    private static final int EXAMPLES = 5 * WORKERS * 4 + 3;

    private static final OptimizerSpec MOMENTUM = new OptimizerSpec.Momentum(0.9, 1e-3);

    /** Running statistics and dropout. */
    private static final NetworkSpec NETWORK = new NetworkSpec(List.of(
            new LayerSpec.Flatten(),
            new LayerSpec.Dense(16),
            new LayerSpec.BatchNorm(),
            new LayerSpec.Relu(),
            new LayerSpec.Dropout(0.3),
            new LayerSpec.Dense(10)));

    private static final List<TrainingSpec> SPECS = List.of(
            spec(MOMENTUM, SyncSpec.gradient()),
            spec(new OptimizerSpec.Adam(), SyncSpec.averaging(2)),
            spec(MOMENTUM, SyncSpec.of(ParameterAveraging.every(3).withOptimizerState(OptimizerStatePolicy.RESET))));

    @TempDir
    Path folder;

    private static TrainingSpec spec(OptimizerSpec optimizer, SyncSpec sync) {
        return new TrainingSpec(1, 2, 4, optimizer, Training.RATE, sync);
    }

    @Test
    @Tag("each-backend")
    void fewerSlotsGiveTheSameBits() throws IOException {
        List<TrainingState> expected = ends("local[4]", SPECS);
        for (String master : List.of("local[3]", "local[2]", "local[1]", "local-cluster[2,1,1024]")) {
            // With new executors every master waits for more.
            List<TrainingState> found = ends(master, master.contains("cluster") ? SPECS.subList(0, 1) : SPECS);
            for (int i = 0; i < found.size(); i++) {
                assertSameBits(found.get(i), expected.get(i));
            }
        }
    }

    private List<TrainingState> ends(String master, List<TrainingSpec> specs) throws IOException {
        List<TrainingState> ends = new ArrayList<>();
        try (JavaSparkContext spark = LocalCluster.context(master);
                ImageShards shards = Training.shards(spark, folder, EXAMPLES, WORKERS)) {
            for (TrainingSpec spec : specs) {
                ends.add(Training.allReduce(spark, shards, NETWORK, spec, AllReduceSpec.defaults()).end);
            }
        }
        return ends;
    }

    /** The executor of worker 1 ends its process in the second epoch, and Spark was told that one is enough. */
    @Test
    void aSegmentThatHasLostAnExecutorGoesOnWithTheSlotsThatAreLeft() throws IOException {
        TrainingSpec spec = SPECS.get(1);
        Path halted = folder.resolve("halted");
        SparkConf conf = LocalCluster.halting(8, halted);
        try (JavaSparkContext spark = LocalCluster.context(conf);
                ImageShards shards = Training.shards(spark, folder, EXAMPLES, WORKERS)) {
            Training undisturbed = Training.allReduce(spark, shards, NETWORK, spec, AllReduceSpec.defaults());
            assertThat(spark.sc().getExecutorIds().size()).isEqualTo(2);
            assertThat(spark.sc().requestTotalExecutors(1, 0, Map$.MODULE$.empty()))
                    .isTrue();
            ReplicaSpec faulty = Training.replica("faulty", NETWORK);
            Training disturbed = Training.run(
                    spark,
                    shards,
                    faulty,
                    spec,
                    new AllReduceMaster(spark, shards, faulty, spec, AllReduceSpec.defaults()));
            assertThat(halted).exists();
            assertThat(spark.sc().getExecutorIds().size()).isEqualTo(1);
            assertSameBits(disturbed.end, undisturbed.end);
            assertThat(disturbed.epochs)
                    .allSatisfy(epoch -> assertThat(epoch.ledger().trained()).isEqualTo(EXAMPLES));
        }
    }

    private static void assertSameBits(TrainingState found, TrainingState expected) {
        assertThat(found.parameters()).isEqualTo(expected.parameters());
        assertThat(found.buffers()).isEqualTo(expected.buffers());
        assertThat(found.optimizer().slots())
                .usingRecursiveComparison()
                .isEqualTo(expected.optimizer().slots());
        assertThat(found.progress()).isEqualTo(expected.progress());
        assertThat(found.norms()).isEqualTo(expected.norms());
    }
}
