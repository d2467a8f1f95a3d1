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
import dev.convoy.train.transport.BlockLostException;
import dev.convoy.train.transport.Payload;
import dev.convoy.train.transport.StateBroadcast;
import dev.convoy.train.worker.WorkerResult;
import java.io.IOException;
import java.io.Serializable;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.function.Supplier;
import org.apache.spark.SparkConf;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaSparkContext;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import scala.Function2;
import scala.collection.Iterator;

class ReductionTest {
    /** A block, and part of another. */
    private static final int LENGTH = Payload.BLOCK + 1000;

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
        TrainingState state =
                TrainingState.start(new ModelState(new float[] {1, 2}, new float[0]), new OptimizerSpec.Momentum());
        try (JavaSparkContext spark = LocalCluster.context(conf);
                ImageShards shards = Training.shards(spark, folder, 10, 5);
                StateBroadcast here = StateBroadcast.of(spark, state);
                StateBroadcast over = StateBroadcast.OverSpark.of(spark, state)) {
            assertThat(over.state().parameters()).containsExactly(1, 2);
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
            TrainingState state =
                    TrainingState.start(new ModelState(new float[1], new float[0]), new OptimizerSpec.Sgd());
            for (long directBytes : List.of(0L, Long.MAX_VALUE)) {
                StateBroadcast closed = StateBroadcast.OverSpark.of(spark, state);
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
