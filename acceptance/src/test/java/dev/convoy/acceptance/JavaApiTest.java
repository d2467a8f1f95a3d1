package dev.convoy.acceptance;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.raise_error;
import static org.apache.spark.sql.functions.regexp_extract;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.convoy.api.TrainedRun;
import dev.convoy.api.Training;
import dev.convoy.data.ConvoyException;
import dev.convoy.jobs.ConvertJob;
import dev.convoy.jobs.PredictJob;
import dev.convoy.ml.ConvoyModel;
import dev.convoy.predict.Classifier;
import dev.convoy.predict.Prediction;
import dev.convoy.testing.Digits;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.ml.linalg.Vector;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What docs/api.md promises, called by somebody who sees no more of Convoy than that. */
@Timeout(300)
class JavaApiTest {
    @TempDir
    static Path folder;

    private static JavaSparkContext spark;
    private static SparkSession session;
    private static Path images;
    private static TrainedRun run;

    @BeforeAll
    static void train() throws IOException {
        spark = new JavaSparkContext(new SparkConf()
                .setMaster("local[2]")
                .setAppName("acceptance")
                .set("spark.ui.enabled", "false")
                .set("spark.driver.bindAddress", "127.0.0.1"));
        session = SparkSession.builder().sparkContext(spark.sc()).getOrCreate();
        images = Digits.testFolder(folder);
        run = describe()
                .onFolder(images.toString())
                .testedOnFolder(images.toString())
                .run(spark);
    }

    @AfterAll
    static void stop() {
        SparkSession.clearActiveSession();
        SparkSession.clearDefaultSession();
        spark.stop();
    }

    private static Training describe() {
        return Training.of("lenet")
                .set("data.batch-size", "16")
                .set("optimizer.learning-rate", "0.05")
                .set("train.epochs", "3")
                .set("run.directory", folder.resolve("runs").toString());
    }

    private static Path anImage() throws IOException {
        try (Stream<Path> sevens = Files.list(images.resolve("7"))) {
            return sevens.sorted().findFirst().orElseThrow();
        }
    }

    @Test
    void aFolderBecomesARun() {
        assertThat(run.epochs()).isEqualTo(3);
        assertThat(run.accuracy().orElseThrow()).isGreaterThan(0.7);
        assertThat(Path.of(URI.create(run.directory())).resolve("report.html")).exists();
    }

    /** However a model is asked about an image, it gives the same probabilities. */
    @Test
    void allWaysGiveTheSameAnswer() throws IOException {
        Path image = anImage();
        Map<String, Double> expected;
        try (Classifier torch = Classifier.load(run.directory());
                Classifier dl4j = Classifier.load(run.directory(), "dl4j")) {
            expected = probabilities(torch.classify(Files.readAllBytes(image)));
            assertSame(probabilities(dl4j.classify(Files.readAllBytes(image))), expected);
        }
        PredictJob.Options options = new PredictJob.Options(10, Optional.empty(), null, false);
        try (PredictJob predict = PredictJob.of(spark, run.directory(), image.toString(), options, Map.of())) {
            assertSame(probabilities(predict.first(1).get(0)), expected);
        }
        Dataset<Row> frame = session.read()
                .format("binaryFile")
                .load(image.toString())
                .select(col("content").as("image"));
        Vector column =
                ConvoyModel.ofRun(run.directory()).transform(frame).first().getAs("probability");
        expected.forEach((name, probability) ->
                assertThat(column.apply(Integer.parseInt(name))).isCloseTo(probability, within(1e-5)));
        // Compared with another engine's answers before it is written.
        Path onnx = folder.resolve("model.onnx");
        ConvertJob.toOnnx(new Configuration(), run.directory(), onnx.toString());
        assertThat(onnx).isNotEmptyFile();
    }

    private static Map<String, Double> probabilities(Prediction prediction) {
        return prediction.top().stream()
                .collect(Collectors.toMap(Prediction.Ranked::name, Prediction.Ranked::probability));
    }

    private static void assertSame(Map<String, Double> found, Map<String, Double> expected) {
        assertThat(found.keySet()).isEqualTo(expected.keySet());
        expected.forEach((name, probability) -> assertThat(found.get(name)).isCloseTo(probability, within(1e-5)));
    }

    /** By way of a copy, which is gone afterwards; in the order of the folder, so that the weights are the same, too. */
    @Test
    void aFrameTrainsTheSameWeightsAsItsFolder() throws IOException {
        Dataset<Row> frame = session.read()
                .format("binaryFile")
                .load(images + "/*")
                .coalesce(1)
                .sortWithinPartitions("path")
                .select(
                        col("content"),
                        regexp_extract(col("path"), "([^/]+)/[^/]+$", 1).as("class"));
        TrainedRun again = describe()
                .onImages(frame, "content", "class")
                .testedOnFolder(images.toString())
                .run(spark);
        assertThat(Path.of(URI.create(again.directory())).resolve("model/weights.safetensors"))
                .hasSameBinaryContentAs(Path.of(URI.create(run.directory())).resolve("model/weights.safetensors"));
        try (Stream<Path> left = Files.list(folder.resolve("runs"))) {
            assertThat(left.map(path -> path.getFileName().toString())).noneMatch(name -> name.startsWith("images-"));
        }
    }

    @Test
    void whatIsWrongIsNamed() {
        assertThatThrownBy(() -> describe().set("train.epoch", "3").run(spark))
                .isInstanceOf(ConvoyException.class)
                .hasMessageContaining("train.epoch");
        assertThatThrownBy(() -> describe()
                        .onFolder(folder.resolve("nowhere").toString())
                        .run(spark))
                .isInstanceOf(ConvoyException.class)
                .hasMessageContaining("nowhere");
        assertThatThrownBy(() -> Classifier.load(folder.toString())).isInstanceOf(ConvoyException.class);
        Dataset<Row> never = session.range(1)
                .select(
                        raise_error(lit("the frame is read")).as("content"),
                        lit("cat").as("class"));
        assertThatThrownBy(() -> describe()
                        .onImages(never, "content", "class")
                        .set("network", "lenet5")
                        .run(spark))
                .as("before images are copied")
                .isInstanceOf(ConvoyException.class)
                .hasMessageContaining("lenet5");
    }
}
