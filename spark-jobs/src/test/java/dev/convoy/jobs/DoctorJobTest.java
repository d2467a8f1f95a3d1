package dev.convoy.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.Config;
import dev.convoy.config.ConfigReader;
import dev.convoy.data.source.IdxSource;
import dev.convoy.doctor.Check;
import dev.convoy.testing.Digits;
import dev.convoy.testing.LocalCluster;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaSparkContext;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Two executors, and mistakes that are really there. */
@Timeout(300)
class DoctorJobTest {
    @TempDir
    Path folder;

    private final Map<String, String> settings = new HashMap<>();

    @BeforeEach
    void describe() {
        IdxSource train = Digits.train(folder);
        settings.put("network", "lenet");
        settings.put(
                "data.train",
                "{ format = idx, images = \"" + train.images() + "\", labels = \"" + train.labels() + "\" }");
        settings.put("run.directory", folder.resolve("runs").toString());
    }

    private Config config() throws IOException {
        return ConfigReader.of(settings, new Configuration());
    }

    private static List<Check> problems(List<Check> checks) {
        return checks.stream().filter(check -> check.level() != Check.Level.OK).toList();
    }

    private static SparkConf conf() {
        return new SparkConf()
                .setMaster("local-cluster[2,1,1024]")
                .set("spark.executorEnv.LC_ALL", "C.UTF-8")
                .set("spark.executorEnv.GLIBC_TUNABLES", SparkSettings.MALLOC);
    }

    @Test
    void executorsAreAskedForWhatTheyAre() throws IOException {
        settings.put("sync.transport", "all-reduce");
        SparkConf threads =
                conf().set("spark.executorEnv.OMP_NUM_THREADS", "4").set("spark.executorEnv.OPENBLAS_NUM_THREADS", "1");
        try (JavaSparkContext spark = LocalCluster.context(threads)) {
            List<Check> checks = DoctorJob.of(spark, config()).run();
            assertThat(checks)
                    .extracting(check -> check.level() + " " + check.subject())
                    .contains(
                            "OK version of Convoy",
                            "OK natives",
                            "OK serializer",
                            "OK ports",
                            "OK images",
                            "OK run.directory",
                            "OK slots",
                            "OK memory",
                            "OK /dev/shm");
            assertThat(problems(checks)).allSatisfy(check -> {
                assertThat(check.subject()).isEqualTo("threads");
                assertThat(check.advice()).contains("spark.executorEnv.OMP_NUM_THREADS=1");
            });
            assertThat(problems(checks)).extracting(Check::where).anyMatch(where -> where.startsWith("executor "));
            assertThat(folder.resolve("runs")).isEmptyDirectory();
        }
    }

    @Test
    void whatIsMissingOrNotToBeWrittenIsNamed() throws IOException {
        Path noFolder = Files.writeString(folder.resolve("file"), "");
        settings.put("run.directory", noFolder.resolve("runs").toString());
        settings.put("data.test", "{ format = folder, path = \"" + folder.resolve("nowhere") + "\" }");
        settings.put("network", "{ layers = [{ type = dense, units = 3 }] }");
        try (JavaSparkContext spark = new JavaSparkContext(local())) {
            assertThat(DoctorJob.of(spark, config()).run())
                    .filteredOn(check -> check.level() == Check.Level.FAIL)
                    .extracting(Check::subject)
                    .containsExactly("run.directory", "training images", "test images");
        }
    }

    @Test
    void aSerializerThatRefusesIsNamed() throws IOException {
        SparkConf refusing = local().set("spark.serializer", "org.apache.spark.serializer.KryoSerializer")
                .set("spark.kryo.registrationRequired", "true");
        try (JavaSparkContext spark = new JavaSparkContext(refusing)) {
            List<Check> checks = DoctorJob.of(spark, config()).run();
            assertThat(checks).hasSize(1);
            assertThat(checks.get(0).level()).isEqualTo(Check.Level.FAIL);
            assertThat(checks.get(0).finding()).contains("not registered");
            assertThat(checks.get(0).advice()).contains("spark.kryo.registrationRequired=false");
        }
    }

    private static SparkConf local() {
        return new SparkConf().setMaster("local[2]").setAppName("test").set("spark.ui.enabled", "false");
    }
}
