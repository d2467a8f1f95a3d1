package dev.convoy.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.convoy.config.ConfigReader;
import dev.convoy.data.source.IdxSource;
import dev.convoy.registry.AliasChange;
import dev.convoy.registry.Lease;
import dev.convoy.registry.LeaseOptions;
import dev.convoy.registry.ModelRegistry;
import dev.convoy.registry.RegisteredModel;
import dev.convoy.registry.RegistryReference;
import dev.convoy.registry.VersionDraft;
import dev.convoy.testing.Digits;
import dev.convoy.testing.SparkExtension;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.api.java.JavaSparkContext;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Jobs that take a model from a registry. */
@ExtendWith(SparkExtension.class)
@Timeout(value = 3, unit = TimeUnit.MINUTES)
class RegistryJobsTest {
    @TempDir
    Path folder;

    @Test
    void evaluatesAndGoesOnFromTheChampion(JavaSparkContext spark) throws IOException {
        Configuration hadoop = spark.hadoopConfiguration();
        IdxSource train = Digits.train(folder);
        Path job = Files.writeString(
                folder.resolve("job.conf"),
                """
                data {
                  train { format = idx, images = "%s", labels = "%s" }
                  test = ${data.train}
                }
                network = mlp
                train { epochs = 1, workers = 2 }
                run.directory = "%s/runs"
                registry.directory = "%s/registry"
                """
                        .formatted(train.images(), train.labels(), folder, folder));
        FinishedRun run = new TrainJob(spark, ConfigReader.read(job.toString(), Map.of(), hadoop), List.of()).run();

        ModelRegistry registry =
                ModelRegistry.of(hadoop, folder.resolve("registry").toString()).requireWritable();
        RegisteredModel digits = registry.create("digits");
        try (Lease lease = digits.acquire(new LeaseOptions("test"))) {
            org.apache.hadoop.fs.Path model = new org.apache.hadoop.fs.Path(run.directory(), "model");
            digits.add(lease, new VersionDraft("night-1", model).withRun(run.directory()));
            digits.add(lease, new VersionDraft("night-2", model));
            digits.promote(lease, "champion", 0, AliasChange.promote(1, "the first"));
        }
        FinishedRun evaluated = EvaluateJob.of(
                        spark,
                        registry.resolve(RegistryReference.parse("registry:digits@champion")),
                        Optional.empty(),
                        Map.of())
                .run();
        assertThat(evaluated.result().test().accuracy())
                .isEqualTo(run.result().test().accuracy());
        assertThatThrownBy(() -> EvaluateJob.of(spark, digits.version(2), Optional.empty(), Map.of()))
                .hasMessageContaining("Cannot evaluate version 2 without --data");

        FinishedRun further = trainFrom(spark, job, "registry:digits@champion");
        assertThat(further.result().test().loss())
                .as("it goes on")
                .isLessThan(run.result().test().loss());
        assertThatThrownBy(() -> trainFrom(spark, job, "registry:digits@staging"))
                .hasMessageContaining("the alias points nowhere");
    }

    private static FinishedRun trainFrom(JavaSparkContext spark, Path job, String from) throws IOException {
        Map<String, String> settings = Map.of("network.init-from", from);
        return new TrainJob(spark, ConfigReader.read(job.toString(), settings, spark.hadoopConfiguration()), List.of())
                .run();
    }
}
