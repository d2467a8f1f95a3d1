package dev.convoy.train.rounds;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.convoy.collective.Compression;
import dev.convoy.data.ConvoyException;
import dev.convoy.data.rdd.ImageShards;
import dev.convoy.testing.LocalCluster;
import dev.convoy.testing.Training;
import dev.convoy.train.RoundReport;
import dev.convoy.train.worker.WorkerResult;
import java.io.IOException;
import java.io.Serializable;
import java.nio.file.Path;
import java.util.Optional;
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
    @TempDir
    Path folder;

    /** Slices summed by executors follow the same tree as whole contributions on the driver; with any serializer. */
    @ParameterizedTest
    @ValueSource(strings = {"JavaSerializer", "KryoSerializer"})
    void slicesGiveTheSameBits(String serializer) throws IOException {
        SparkConf conf = new SparkConf()
                .setMaster("local[2]")
                .set("spark.serializer", "org.apache.spark.serializer." + serializer)
                .set("spark.kryo.registrationRequired", "true");
        try (JavaSparkContext spark = LocalCluster.context(conf);
                ImageShards shards = Training.shards(spark, folder, 10, 5)) {
            Contribution whole = new Reduction(1000, 5, Long.MAX_VALUE, 300).sum(shards.chunks(), new MadeUp());
            Contribution sliced = new Reduction(1000, 5, 0, 300).sum(shards.chunks(), new MadeUp());
            assertThat(sliced.vector().floats())
                    .isEqualTo(whole.vector().floats())
                    .hasSize(1000);
            assertThat(sliced.withVector(whole.vector())).isEqualTo(whole);
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
    private record MadeUp() implements Function2<TaskContext, Iterator<byte[]>, byte[][]>, Serializable {
        @Override
        public byte[][] apply(TaskContext task, Iterator<byte[]> chunks) {
            int rank = task.partitionId();
            float[] vector = new float[rank == 0 ? 0 : 1000];
            for (int i = 0; i < vector.length; i++) {
                vector[i] = (float) Math.sin(rank * 1000 + i);
            }
            WorkerResult result =
                    new WorkerResult(rank, 0, 0, rank, 1, new RoundReport.WorkerTime(0, 0), Optional.empty());
            return Contribution.of(result, vector, Compression.BF16, false).write();
        }
    }
}
