package dev.convoy.jobs;

import static dev.convoy.testing.Nights.sentence;
import static org.assertj.core.api.Assertions.assertThat;

import dev.convoy.data.ConvoyException;
import dev.convoy.jobs.RetrainJob.Options;
import dev.convoy.jobs.RetrainJob.Step;
import dev.convoy.testing.Digits;
import dev.convoy.testing.GrowingDigits;
import dev.convoy.testing.Nights;
import dev.convoy.testing.SparkExtension;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.hdfs.MiniDFSCluster;
import org.apache.spark.api.java.JavaSparkContext;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** The short form of a year of nights, which {@code scripts/bench retrain} simulates. */
@ExtendWith(SparkExtension.class)
@Tag("chaos")
@Timeout(1800)
class TenNightsTest {
    /** How often several jobs start at once. */
    private static final int RACES = Integer.getInteger("convoy.chaos.times", 1) > 1 ? 100 : 1;

    @TempDir
    Path folder;

    @Test
    void onALocalDisk(JavaSparkContext spark) throws Exception {
        pass(spark, FileSystem.getLocal(new Configuration()), folder.toString(), RACES);
    }

    @Test
    void onHdfs(JavaSparkContext spark) throws Exception {
        Configuration hadoop = new Configuration();
        hadoop.set(MiniDFSCluster.HDFS_MINIDFS_BASEDIR, folder.resolve("dfs").toString());
        try (MiniDFSCluster cluster = new MiniDFSCluster.Builder(hadoop).build()) {
            cluster.waitClusterUp();
            pass(spark, cluster.getFileSystem(), cluster.getFileSystem().getUri() + "/nights", 1);
        }
    }

    private void pass(JavaSparkContext spark, FileSystem files, String root, int races) throws Exception {
        GrowingDigits digits = new GrowingDigits(Digits.train(folder), 7);
        Nights nights = new Nights(files, new org.apache.hadoop.fs.Path(root), digits);

        digits.add(150);
        expect(nights.night(spark), Result.Status.PROMOTED, "first model");
        expect(nights.night(spark), Result.Status.NOOP, "0 new images");

        digits.add(20);
        digits.addMislabelled(80);
        expect(nights.night(spark), Result.Status.REJECTED, "smallest difference");
        digits.dropLast(80);

        digits.add(100, GrowingDigits::brighter);
        expect(nights.night(spark), Result.Status.INVALID_DATA, "brightness");
        digits.dropLast(100);

        Runnable mended = digits.remember();
        digits.drop(8);
        expect(nights.night(spark), Result.Status.CLASSES_CHANGED, "gone are [8]");
        mended.run();
        digits.addAs(30, 10);
        expect(nights.night(spark), Result.Status.CLASSES_CHANGED, "new are [10]");
        mended.run();

        digits.add(350);
        nights.arrive();
        crashed(spark, nights, Step.REGISTER);
        expect(nights.job(spark, Options.NONE, step -> {}), Result.Status.PROMOTED, "better");
        assertThat(nights.champion()).hasValue(2);

        for (int race = 0; race < races; race++) {
            digits.add(1);
            nights.arrive();
            startedAtOnce(spark, nights, 2 + race % 2);
        }
        assertThat(nights.registered().verify()).isEmpty();
        assertThat(nights.registered().champion().orElseThrow().load().classNames())
                .hasSize(10);
    }

    private static void expect(Result night, Result.Status status, String words) {
        assertThat(night.status()).as(sentence(night)).isEqualTo(status);
        assertThat(sentence(night)).contains(words);
    }

    private static void crashed(JavaSparkContext spark, Nights nights, Step last) {
        assertThat(CompletableFuture.supplyAsync(() -> nights.job(spark, Options.NONE, step -> {
                    if (step == last) {
                        throw new ConvoyException("The night ends here");
                    }
                })))
                .failsWithin(Duration.ofMinutes(2));
    }

    /** Of jobs that start at once one decides. */
    private static void startedAtOnce(JavaSparkContext spark, Nights nights, int count) throws IOException {
        int before = nights.registered().decisions().size();
        List<CompletableFuture<Result>> jobs = IntStream.range(0, count)
                .mapToObj(i -> CompletableFuture.supplyAsync(() -> nights.job(spark, Options.NONE, step -> {})))
                .toList();
        Stream<Result.Status> statuses = jobs.stream().map(job -> job.join().status());
        assertThat(statuses.filter(status -> status != Result.Status.LOCKED && status != Result.Status.NOOP))
                .hasSize(1);
        assertThat(nights.registered().decisions()).hasSize(before + 1);
    }
}
