package dev.convoy.jobs;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.regexp_extract;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.convoy.config.ConfigReader;
import dev.convoy.config.DataConfig;
import dev.convoy.data.ConvoyException;
import dev.convoy.jobs.PredictionTable.Format;
import dev.convoy.predict.Classifier;
import dev.convoy.predict.Prediction;
import dev.convoy.testing.Digits;
import dev.convoy.testing.ImageFiles;
import dev.convoy.testing.SparkExtension;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** A model of digits, asked about digits in files. */
@ExtendWith(SparkExtension.class)
@Timeout(value = 3, unit = TimeUnit.MINUTES)
class PredictJobTest {
    private static final String BACKEND = System.getProperty("convoy.test.backend", "torch");

    @TempDir
    Path folder;

    @AfterEach
    void forgetTheSession() {
        SparkSession.clearActiveSession();
        SparkSession.clearDefaultSession();
    }

    private FinishedRun train(JavaSparkContext spark, String more) throws IOException {
        Path tree = Digits.testFolder(folder);
        Path job = Files.writeString(
                folder.resolve("job.conf"),
                """
                backend.name = %s
                data { train { format = folder, path = "%s" }, test = ${data.train}, batch-size = 16 }
                network = mlp
                train { epochs = 1, workers = 2 }
                run.directory = "%s/runs"
                """
                                .formatted(BACKEND, tree, folder)
                        + more);
        return new TrainJob(spark, ConfigReader.read(job.toString(), Map.of(), spark.hadoopConfiguration()), List.of())
                .run();
    }

    private static PredictJob predict(JavaSparkContext spark, FinishedRun run, String input, DataConfig.Fit fit)
            throws IOException {
        PredictJob.Options options = new PredictJob.Options(3, Optional.ofNullable(fit), null, false);
        return PredictJob.of(
                spark, run.directory(), input, options, Map.of("backend.name", BACKEND, "data.batch-size", "32"));
    }

    /** To the last image, and on whatever way they come. */
    @Test
    @Tag("each-backend")
    void agreesWithTheEvaluation(JavaSparkContext spark) throws IOException {
        FinishedRun run = train(spark, "");
        String output = folder.resolve("out").toString();
        try (PredictJob job = predict(spark, run, folder.resolve("tree").toString(), null)) {
            assertThat(job.write(output, Format.PARQUET)).isEqualTo(new PredictionTable.Written(Digits.TEST, 0));
            assertThatThrownBy(() -> job.write(output, Format.PARQUET))
                    .isInstanceOf(ConvoyException.class)
                    .hasMessageContaining("it exists");
            assertThat(job.first(2)).extracting(Prediction::image).allMatch(name -> name.endsWith(".png"));
        }
        Dataset<Row> table = SparkSession.builder().getOrCreate().read().parquet(output);
        assertThat(table.columns()).containsExactly("path", "class", "probability", "top", "error");
        long right = table.filter(
                        regexp_extract(col("path"), "([^/]+)/[^/]+$", 1).equalTo(col("class")))
                .count();
        assertThat(run.result().test().accuracy()).isEqualTo((double) right / Digits.TEST);
        assertThat(right).isGreaterThan(Digits.TEST / 2);

        Row first = table.first();
        byte[] image = Files.readAllBytes(Path.of(first.<String>getAs("path").substring("file:".length())));
        try (Classifier classifier = Classifier.load(run.directory(), BACKEND)) {
            Prediction alone = classifier.classify(image);
            assertThat(alone.best().name()).isEqualTo(first.getAs("class"));
            assertThat(alone.best().probability())
                    .isCloseTo(first.<Double>getAs("probability"), org.assertj.core.api.Assertions.within(1e-5));
        }
    }

    @Test
    void anImageThatCannotBeUsedIsARow(JavaSparkContext spark) throws IOException {
        FinishedRun run = train(spark, "");
        Path mixed = Files.createDirectories(folder.resolve("mixed"));
        Files.copy(folder.resolve("tree/3").toFile().listFiles()[0].toPath(), mixed.resolve("a, \"3\".png"));
        Files.write(mixed.resolve("b.png"), new byte[] {1, 2, 3});
        Files.write(mixed.resolve("c.png"), ImageFiles.noise("png"));
        String csv = folder.resolve("out.csv").toString();
        String lines = folder.resolve("out.jsonl").toString();
        try (PredictJob job = predict(spark, run, mixed.toString(), null)) {
            assertThat(job.write(csv, Format.of(csv))).isEqualTo(new PredictionTable.Written(3, 2));
            job.write(lines, Format.of(lines));
            assertThatThrownBy(() -> job.write(folder.resolve("x.csv").toString(), Format.JSONL))
                    .hasMessageContaining("Cannot write JSONL to");
            assertThat(job.first(1)).hasSize(1);
        }
        List<String> rows = Files.readAllLines(Path.of(csv));
        assertThat(rows).hasSize(4);
        assertThat(rows.get(0)).isEqualTo("path,class,probability,class_2,probability_2,class_3,probability_3,error");
        assertThat(rows.get(1))
                .startsWith("\"file:" + mixed + "/a, \"\"3\"\".png\",")
                .endsWith(",");
        assertThat(rows.get(2)).startsWith("file:" + mixed + "/b.png,,,,,,,");
        assertThat(rows.get(3)).contains("it has colour");
        JsonNode bad =
                new ObjectMapper().readTree(Files.readAllLines(Path.of(lines)).get(1));
        assertThat(bad.at("/error").asText()).isNotEmpty();
        assertThat(bad.at("/class").isNull()).isTrue();
        JsonNode good =
                new ObjectMapper().readTree(Files.readAllLines(Path.of(lines)).get(0));
        assertThat(good.at("/top")).hasSize(3);
        assertThat(good.at("/top/0/class")).isEqualTo(good.at("/class"));

        try (PredictJob job = predict(spark, run, mixed + "/c.png", DataConfig.Fit.CROP)) {
            assertThat(job.first(9)).hasSize(1).allMatch(Prediction::isAnswered);
        }
    }

    /** What training did with images is in the model. */
    @Test
    void imagesArePreparedAsInTraining(JavaSparkContext spark) throws IOException {
        FinishedRun run = train(spark, "data { resize = [14, 14], fit = letterbox, channels = 1 }");
        Path image = Files.write(folder.resolve("noise.png"), ImageFiles.noise("png"));
        try (PredictJob job = predict(spark, run, image.toString(), null);
                PredictJob other = predict(spark, run, image.toString(), DataConfig.Fit.LETTERBOX)) {
            assertThat(job.first(1)).isEqualTo(other.first(1)).allMatch(Prediction::isAnswered);
        }
    }

    @Test
    void settingsThatMeanNothingAreRefused(JavaSparkContext spark) {
        PredictJob.Options options = new PredictJob.Options(0, Optional.empty(), null, false);
        assertThatThrownBy(() -> PredictJob.of(spark, "x", "y", options, Map.of("train.epochs", "3")))
                .hasMessageContaining("Cannot use --set train.epochs here");
        assertThatThrownBy(() -> PredictJob.of(spark, "x", "y", options, Map.of()))
                .hasMessageContaining("--top at least 1");
        PredictJob.Options usual = new PredictJob.Options(1, Optional.empty(), null, false);
        assertThatThrownBy(() -> PredictJob.of(spark, folder.toString(), "y", usual, Map.of()))
                .hasMessageContaining("model.json");
    }
}
