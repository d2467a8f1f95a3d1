package dev.convoy.train.rounds;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.convoy.collective.Compression;
import dev.convoy.data.ConvoyException;
import dev.convoy.data.rdd.ImageShards;
import dev.convoy.model.ModelState;
import dev.convoy.model.optimizer.OptimizerSpec;
import dev.convoy.testing.LocalCluster;
import dev.convoy.testing.Training;
import dev.convoy.train.RoundReport;
import dev.convoy.train.TrainingState;
import dev.convoy.train.sync.LatePolicy;
import dev.convoy.train.transport.BlockLostException;
import dev.convoy.train.transport.Payload;
import dev.convoy.train.transport.StateBroadcast;
import dev.convoy.train.worker.WorkerResult;
import java.io.IOException;
import java.io.Serializable;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Supplier;
import org.apache.spark.SparkConf;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaSparkContext;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import scala.Function2;
import scala.collection.Iterator;

@Timeout(180)
class ReductionTest {
    /** A block, and part of another. */
    private static final int LENGTH = Payload.BLOCK + 1000;

    private static final TrainingState STATE =
            TrainingState.start(new ModelState(new float[] {1, 2}, new float[0]), new OptimizerSpec.Momentum());

    @TempDir
    Path folder;

    /** Blocks summed by executors follow the same tree as on the driver, over Spark or within a process; with any serializer. */
    @ParameterizedTest
    @ValueSource(strings = {"JavaSerializer", "KryoSerializer"})
    void blocksGiveTheSameBits(String serializer) throws IOException {
        SparkConf conf = new SparkConf()
                .setMaster("local[2]")
                .set("spark.serializer", "org.apache.spark.serializer." + serializer)
                .set("spark.kryo.registrationRequired", "true");
        try (JavaSparkContext spark = LocalCluster.context(conf);
                ImageShards shards = Training.shards(spark, folder, 10, 5);
                StateBroadcast here = StateBroadcast.of(spark, STATE);
                StateBroadcast over = StateBroadcast.OverSpark.of(spark, STATE)) {
            try (StateBroadcast.Loan loan = over.borrow()) {
                assertThat(loan.state().parameters()).containsExactly(1, 2);
            }
            Contribution whole = sum(Long.MAX_VALUE, shards, here);
            assertThat(whole.vector().values()).hasSize(LENGTH);
            for (Contribution other :
                    List.of(sum(0, shards, here), sum(Long.MAX_VALUE, shards, over), sum(0, shards, over))) {
                assertThat(other.vector().values()).isEqualTo(whole.vector().values());
                assertThat(other.withVector(whole.vector())).isEqualTo(whole);
            }
        }
    }

    private static Contribution sum(long directBytes, ImageShards shards, StateBroadcast home) {
        return new Reduction(LENGTH, 5, directBytes).sum(shards.chunks(), new MadeUp(home), home);
    }

    /** A block that is gone is told from all other failures, in this process and in a task. */
    @Test
    void aLossIsKnown() throws IOException {
        try (JavaSparkContext spark = LocalCluster.context(new SparkConf().setMaster("local[2]"));
                ImageShards shards = Training.shards(spark, folder, 10, 5)) {
            for (long directBytes : List.of(0L, Long.MAX_VALUE)) {
                StateBroadcast closed = StateBroadcast.OverSpark.of(spark, STATE);
                Payload gone = closed.keep("gone", new float[LENGTH], Compression.NONE);
                spark.env()
                        .blockManager()
                        .removeBroadcast(
                                ((StateBroadcast.OverSpark) closed).handle().id(), true);
                assertThatThrownBy(() ->
                                new Reduction(LENGTH, 5, directBytes).sum(shards.chunks(), new Gone(gone), closed))
                        .satisfies(
                                e -> assertThat(BlockLostException.isBehind(e)).isTrue());
            }
            assertThat(BlockLostException.isBehind(new IllegalStateException("broken")))
                    .isFalse();
        }
    }

    /** Its task has ended, its vector is not fetched yet. */
    @Test
    void anExecutorDiesWithAContribution() throws IOException {
        try (JavaSparkContext spark = LocalCluster.context(twoExecutors());
                ImageShards shards = Training.shards(spark, folder, 10, 2);
                StateBroadcast home = StateBroadcast.of(spark, STATE)) {
            assertThatThrownBy(() -> new Reduction(LENGTH, 2, Long.MAX_VALUE)
                            .sum(shards.chunks(), new Read(home, Fate.DIES), home))
                    .satisfies(e -> assertThat(BlockLostException.isBehind(e)).isTrue());
        }
    }

    /** As before, but it hangs, where rounds go on without slow workers. */
    @Test
    void anExecutorHangsWithAContribution() throws IOException {
        try (JavaSparkContext spark = LocalCluster.context(twoExecutors());
                ImageShards shards = Training.shards(spark, folder, 10, 2);
                StateBroadcast home = StateBroadcast.of(spark, STATE)) {
            Contribution sum;
            try {
                sum = new Reduction(LENGTH, 2, Long.MAX_VALUE)
                        .sumOnTime(
                                shards.chunks(),
                                new Read(home, Fate.HANGS),
                                new LatePolicy(0.5, Duration.ofSeconds(2)),
                                rank -> Contribution.late(7, 2));
            } finally {
                // Spark waits for it before it ends.
                ReadTimes.HELD.forEach(LocalCluster::release);
            }
            assertThat(ReadTimes.HELD).hasSize(1);
            assertThat(sum.counts().late()).isEqualTo(7);
            assertThat(sum.weight()).isEqualTo(1);
            assertThat(sum.vector().values()).containsOnly(1);
        }
    }

    /** Each has one task, since no task starts before both are there. */
    private static SparkConf twoExecutors() {
        return new SparkConf()
                .setMaster("local-cluster[2,1,1024]")
                .set("spark.cores.max", "2")
                .set("spark.scheduler.minRegisteredResourcesRatio", "1")
                .set("spark.shuffle.io.retryWait", "1s");
    }

    private enum Fate {
        DIES,
        HANGS
    }

    /** Contributions of ones, of which rank 0's executor meets its fate when the driver reads where the vector is. */
    private record Read(StateBroadcast home, Fate fate)
            implements Function2<TaskContext, Iterator<byte[]>, byte[]>, Serializable {
        @Override
        public byte[] apply(TaskContext task, Iterator<byte[]> chunks) {
            float[] ones = new float[LENGTH];
            Arrays.fill(ones, 1);
            Contribution ordinary =
                    contribution(1, () -> home.keep("rank_" + task.partitionId(), ones, Compression.NONE));
            return task.partitionId() > 0
                    ? ordinary.write()
                    : new Contribution(
                                    ordinary.weight(),
                                    ordinary.vector(),
                                    0,
                                    0,
                                    ordinary.counts(),
                                    new ReadTimes(ProcessHandle.current().pid(), fate),
                                    List.of())
                            .write();
        }
    }

    /** Times that do something when they are read. */
    private static final class ReadTimes extends ArrayList<RoundReport.WorkerTime> {
        private static final long serialVersionUID = 1L;
        private static final List<ProcessHandle> HELD = new CopyOnWriteArrayList<>();

        private final long pid;
        private final Fate fate;

        ReadTimes(long pid, Fate fate) {
            this.pid = pid;
            this.fate = fate;
        }

        private Object readResolve() {
            ProcessHandle executor = ProcessHandle.of(pid).orElseThrow();
            if (fate == Fate.DIES) {
                LocalCluster.kill(executor);
            } else {
                HELD.add(executor);
                LocalCluster.hold(executor);
            }
            return this;
        }
    }

    @Test
    void slowWorkersAreWaitedForWhereExecutorsSum() {
        Reduction.of(1 << 25, 2, false).requireDirect();
        Reduction.of(1 << 26, 2, true).requireDirect();
        Reduction sliced = Reduction.of(1 << 26, 2, false);
        assertThatThrownBy(sliced::requireDirect)
                .isInstanceOf(ConvoyException.class)
                .hasMessageContaining("2 contributions of 256 MiB come to more than the 256 MiB");
    }

    /** Contributions whose sum depends on the order of additions; rank 0 has none. */
    private record MadeUp(StateBroadcast home)
            implements Function2<TaskContext, Iterator<byte[]>, byte[]>, Serializable {
        @Override
        public byte[] apply(TaskContext task, Iterator<byte[]> chunks) {
            int rank = task.partitionId();
            return contribution(rank, () -> {
                        float[] vector = new float[LENGTH];
                        Random random = new Random(rank);
                        for (int i = 0; i < vector.length; i++) {
                            vector[i] = random.nextFloat() - 0.5f;
                        }
                        return home.keep("rank_" + rank + "_" + task.taskAttemptId(), vector, Compression.BF16);
                    })
                    .write();
        }
    }

    /** Contributions that nobody has any more. */
    private record Gone(Payload vector) implements Function2<TaskContext, Iterator<byte[]>, byte[]>, Serializable {
        @Override
        public byte[] apply(TaskContext task, Iterator<byte[]> chunks) {
            return contribution(1, () -> vector).write();
        }
    }

    private static Contribution contribution(int trained, Supplier<Payload> vector) {
        return Contribution.of(
                new WorkerResult(trained, 0, 0, trained, 1, new RoundReport.WorkerTime(0, 0), Optional.empty()),
                false,
                vector);
    }
}
