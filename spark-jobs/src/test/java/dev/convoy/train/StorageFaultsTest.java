package dev.convoy.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.convoy.data.rdd.ImageShards;
import dev.convoy.jobs.Failures;
import dev.convoy.model.optimizer.OptimizerSpec;
import dev.convoy.testing.FaultyBackend;
import dev.convoy.testing.LocalCluster;
import dev.convoy.testing.Training;
import dev.convoy.train.allreduce.AllReduceMaster;
import dev.convoy.train.allreduce.AllReduceSpec;
import dev.convoy.train.replica.ReplicaSpec;
import dev.convoy.train.rounds.RoundsMaster;
import dev.convoy.train.sync.SyncSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.apache.spark.SparkEnv;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.util.Utils;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What Spark keeps for a training, and what becomes of the training when that is gone. */
@Timeout(value = 3, unit = TimeUnit.MINUTES)
class StorageFaultsTest {
    private static final TrainingSpec SPEC =
            new TrainingSpec(3, 2, 16, new OptimizerSpec.Momentum(), Training.RATE, SyncSpec.averaging(2));

    @TempDir
    Path folder;

    /** Between the epochs; images are read, dealt and cached anew. */
    @Test
    void lostPartitionsAndShuffleFilesCostNoBit() throws IOException {
        try (JavaSparkContext spark = LocalCluster.context("local-cluster[2,1,1024]");
                ImageShards shards = Training.shards(spark, folder, 400, 2)) {
            // Of this process and its executors alone.
            Path scratch = Path.of(Utils.getLocalDir(spark.getConf()));
            ReplicaSpec replica = Training.replica(Training.SMALL);
            for (TrainingMaster master : List.of(
                    new RoundsMaster(spark, shards, replica, SPEC),
                    new AllReduceMaster(spark, shards, replica, SPEC, AllReduceSpec.defaults()))) {
                Training undisturbed = Training.run(spark, shards, replica, SPEC, master);
                AtomicInteger deleted = new AtomicInteger();
                Training disturbed = Training.run(spark, shards, replica, SPEC, master, new TrainingListener() {
                    @Override
                    public void epochCompleted(EpochReport epoch, TrainingState state) {
                        if (epoch.epoch() == 1) {
                            forgetPartitions(shards);
                            deleted.set(deleteShuffles(scratch));
                        }
                    }
                });
                assertThat(deleted.get()).isPositive();
                assertThat(disturbed.epochs).hasSize(2);
                assertThat(disturbed.end.parameters()).isEqualTo(undisturbed.end.parameters());
                assertThat(disturbed.end.optimizer().slots().get(0))
                        .isEqualTo(undisturbed.end.optimizer().slots().get(0));
                assertThat(disturbed.epochs.get(1).ledger().trained()).isEqualTo(400);
            }
        }
    }

    /** Executors lose the partitions, while Spark goes on to count on them. */
    private static void forgetPartitions(ImageShards shards) {
        SparkEnv.get().blockManager().master().removeRdd(shards.chunks().id(), true);
    }

    private static int deleteShuffles(Path scratch) {
        try (Stream<Path> files = Files.walk(scratch)) {
            List<Path> shuffles = files.filter(
                            file -> file.getFileName().toString().startsWith("shuffle_"))
                    .toList();
            for (Path file : shuffles) {
                Files.delete(file);
            }
            return shuffles.size();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    /** Spark tries a task four times; nothing waits for a task that has failed. */
    @Test
    void aTaskThatAlwaysFailsEndsTrainingWithItsCauseInOneLine() throws IOException {
        AtomicInteger failures = new AtomicInteger();
        FaultyBackend.factor = step -> {
            if (step.worker() == 1 && step.globalStep() == 2) {
                failures.incrementAndGet();
                throw new IllegalStateException("this device\nis broken");
            }
            return 1;
        };
        try (JavaSparkContext spark = LocalCluster.context("local[2,4]");
                ImageShards shards = Training.shards(spark, folder, 400, 2)) {
            ReplicaSpec faulty = Training.replica("faulty", Training.SMALL);
            assertThatThrownBy(() -> Training.run(spark, shards, faulty, SPEC))
                    .satisfies(e -> assertThat(Failures.explain(e))
                            .hasMessageContaining("this device")
                            .message()
                            .hasLineCount(1));
            assertThat(failures).hasValue(4);
        } finally {
            FaultyBackend.factor = FaultyBackend.SOUND;
        }
    }
}
