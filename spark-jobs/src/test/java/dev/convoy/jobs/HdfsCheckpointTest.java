package dev.convoy.jobs;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.Config;
import dev.convoy.checkpoint.CheckpointStore;
import dev.convoy.checkpoint.SavedCheckpoint;
import dev.convoy.config.ConfigReader;
import dev.convoy.data.source.IdxSource;
import dev.convoy.storage.AtomicFiles;
import dev.convoy.testing.Digits;
import dev.convoy.testing.SparkExtension;
import dev.convoy.train.RoundReport;
import dev.convoy.train.TrainingListener;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.hdfs.DistributedFileSystem;
import org.apache.hadoop.hdfs.MiniDFSCluster;
import org.apache.hadoop.hdfs.protocol.HdfsConstants;
import org.apache.spark.api.java.JavaSparkContext;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Run directories on a real HDFS that does not always do as it is told. */
@ExtendWith(SparkExtension.class)
@Timeout(value = 3, unit = TimeUnit.MINUTES)
class HdfsCheckpointTest {
    private static final int EPOCHS = 4;
    /** Of all epochs. */
    private static final int ROUNDS = EPOCHS * 4;

    @TempDir
    Path folder;

    private MiniDFSCluster cluster;
    private DistributedFileSystem files;
    private Config config;

    @BeforeEach
    void start() throws IOException {
        Configuration hadoop = new Configuration();
        hadoop.set(MiniDFSCluster.HDFS_MINIDFS_BASEDIR, folder.resolve("dfs").toString());
        cluster = new MiniDFSCluster.Builder(hadoop).numDataNodes(2).build();
        cluster.waitClusterUp();
        files = cluster.getFileSystem();
        IdxSource train = Digits.train(folder);
        Path job = Files.writeString(
                folder.resolve("job.conf"),
                """
                data { train { format = idx, images = "%s", labels = "%s" } }
                network = mlp
                sync.local-steps = 2
                train { epochs = %d, workers = 2 }
                checkpoint { every = 1 round, keep.last = 2 }
                run.directory = "%s/runs"
                """
                        .formatted(train.images(), train.labels(), EPOCHS, files.getUri()));
        config = ConfigReader.read(job.toString(), Map.of(), hadoop);
    }

    @AfterEach
    void stop() {
        cluster.shutdown();
    }

    private org.apache.hadoop.fs.Path run() throws IOException {
        FileStatus[] runs = files.listStatus(new org.apache.hadoop.fs.Path("/runs"));
        assertThat(runs).hasSize(1);
        return runs[0].getPath();
    }

    /** Though HDFS tells those who come while the file is open another thing than those who come later. */
    @Test
    void oneOfManyCreatesAFile() {
        for (int round = 0; round < 20; round++) {
            org.apache.hadoop.fs.Path file = new org.apache.hadoop.fs.Path("/once/" + round);
            List<CompletableFuture<Boolean>> all = IntStream.range(0, 4)
                    .mapToObj(i -> CompletableFuture.supplyAsync(() -> created(file)))
                    .toList();
            assertThat(all.stream().filter(CompletableFuture::join)).hasSize(1);
        }
    }

    /** Half of a claim would be nobody's, and stay. */
    @Test
    void whatCannotBeWrittenIsNotThere() throws IOException {
        org.apache.hadoop.fs.Path full = new org.apache.hadoop.fs.Path("/full");
        files.mkdirs(full);
        files.setQuota(full, HdfsConstants.QUOTA_DONT_SET, 1);
        org.apache.hadoop.fs.Path file = new org.apache.hadoop.fs.Path(full, "claim");
        assertThatThrownBy(() -> AtomicFiles.createNew(files, file, new byte[] {1}))
                .hasMessageContaining("quota");
        assertThat(files.exists(file)).isFalse();
    }

    private boolean created(org.apache.hadoop.fs.Path file) {
        try {
            return AtomicFiles.createNew(files, file, new byte[] {1});
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private byte[] weights(String directory) throws IOException {
        try (InputStream in = files.open(new org.apache.hadoop.fs.Path(directory, "model-last/weights.safetensors"))) {
            return in.readAllBytes();
        }
    }

    private SavedCheckpoint newest() throws IOException {
        return new CheckpointStore(files, new org.apache.hadoop.fs.Path(run(), "checkpoints"))
                .newest()
                .orElseThrow();
    }

    /** Does something to the file system on the thread that trains. */
    private interface Deed {
        void at(long round) throws IOException;
    }

    private FinishedRun train(JavaSparkContext spark, Resume resume, Deed deed) throws IOException {
        TrainingListener listener = new TrainingListener() {
            @Override
            public void roundCompleted(RoundReport round) {
                try {
                    deed.at(round.progress().globalRound());
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            }
        };
        return new TrainJob(spark, config, List.of(listener)).withResume(resume).run();
    }

    private void setQuota(long bytes) throws IOException {
        files.setQuota(run(), HdfsConstants.QUOTA_DONT_SET, bytes);
    }

    /** Nothing can be written from the third round to the last but one; then everything is. */
    @Test
    void aFullQuotaCostsCheckpointsAndNotTheTraining(JavaSparkContext spark) throws IOException {
        FinishedRun run = train(spark, Resume.NEVER, round -> {
            if (round == 3) {
                while (!files.exists(new org.apache.hadoop.fs.Path(run(), "checkpoints/round-1"))) {
                    Thread.onSpinWait();
                }
                setQuota(1);
            } else if (round == ROUNDS - 1) {
                assertThat(newest().progress().globalRound()).isBetween(1L, 3L);
                setQuota(HdfsConstants.QUOTA_RESET);
            }
        });
        assertThat(run.result().status()).isEqualTo(Result.Status.COMPLETED);
        assertThat(run.result().checkpoints().failures()).isPositive();
        assertThat(newest().progress().globalRound()).isEqualTo(ROUNDS);
        assertThat(files.listStatus(new org.apache.hadoop.fs.Path(run(), "checkpoints")))
                .extracting(status -> status.getPath().getName())
                .as("nothing half written")
                .allMatch(name -> name.matches("round-[0-9]+"));
    }

    /** At the end there is no later any more. */
    @Test
    void whatStaysFullFailsTheRunAtItsEnd(JavaSparkContext spark) {
        assertThatThrownBy(() -> train(spark, Resume.NEVER, round -> {
                    if (round == 3) {
                        setQuota(1);
                    }
                }))
                .hasMessageContainingAll("Cannot write", "quota");
        assertThat(cluster.isClusterUp()).isTrue();
    }

    /** A data node is lost while training writes, the driver soon after; the run goes on with what is left. */
    @Test
    void aLostDataNodeCostsNothing(JavaSparkContext spark) throws IOException {
        byte[] undisturbed = weights(train(spark, Resume.NEVER, round -> {}).directory());
        files.delete(new org.apache.hadoop.fs.Path("/runs"), true);
        assertThatThrownBy(() -> train(spark, Resume.NEVER, round -> {
                    if (round == 3) {
                        cluster.stopDataNode(0);
                    } else if (round == 7) {
                        spark.sc().cancelAllJobs();
                        Thread.currentThread().interrupt();
                    }
                }))
                .isNotNull();
        assertThat(Thread.interrupted()).isTrue();
        try (InputStream result = files.open(new org.apache.hadoop.fs.Path(run(), "result.json"))) {
            assertThat(result).asString(UTF_8).contains("FAILED", "was interrupted");
        }
        Resume resume = new Resume(Resume.Mode.ALWAYS, Optional.empty(), false);
        assertThat(weights(train(spark, resume, round -> {}).directory())).isEqualTo(undisturbed);
        assertThat(run().getName()).startsWith("convoy-");
    }
}
