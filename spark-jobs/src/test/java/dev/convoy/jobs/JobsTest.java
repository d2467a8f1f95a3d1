package dev.convoy.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.typesafe.config.Config;
import dev.convoy.config.ConfigReader;
import dev.convoy.data.ConvoyException;
import dev.convoy.data.Target;
import dev.convoy.data.source.IdxSource;
import dev.convoy.model.file.TrainedModel;
import dev.convoy.testing.Digits;
import dev.convoy.testing.SparkExtension;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import javax.imageio.ImageIO;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.spark.api.java.JavaSparkContext;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Whole jobs on real digits, good ones and bad ones. */
@ExtendWith(SparkExtension.class)
class JobsTest {
    private static final String BACKEND = System.getProperty("convoy.test.backend", "torch");

    @TempDir
    Path folder;

    private Path file;
    private final Map<String, String> settings = new HashMap<>();

    @BeforeEach
    void configure() throws IOException {
        IdxSource train = Digits.trainGzip(folder);
        file = Files.writeString(
                folder.resolve("job.conf"),
                """
                name = digits
                backend.name = %s
                data {
                  train { format = idx, images = "%s", labels = "%s" }
                  test { format = folder, path = "%s" }
                  batch-size = 16
                }
                network = mlp
                sync.local-steps = 4
                train { epochs = 2, workers = 2 }
                run.directory = "%s"
                """
                        .formatted(
                                BACKEND,
                                train.images(),
                                train.labels(),
                                Digits.testFolder(folder),
                                folder.resolve("runs")));
    }

    private FinishedRun train(JavaSparkContext spark) throws IOException {
        return new TrainJob(spark, config(), List.of()).run();
    }

    private Config config() throws IOException {
        return ConfigReader.read(file.toString(), settings, new Configuration());
    }

    private static JsonNode result(Path run) throws IOException {
        return new ObjectMapper().readTree(run.resolve("result.json").toFile());
    }

    /** With itself it differs in nothing; with another model by as many images as accuracies do. */
    private static void assertComparison(JavaSparkContext spark, Path run, double accuracy) throws IOException {
        EvaluateJob job = EvaluateJob.of(spark, run.toString(), Optional.empty(), Map.of());
        Result.Comparison same = job.comparedWith(run.toString()).run().result().comparison();
        assertThat(List.of(same.better(), same.worse())).containsOnly(0);
        assertThat(same.probability()).isEqualTo(1);
        FinishedRun drawn = new TrainJob(
                        spark,
                        ConfigReader.of(
                                Map.of(
                                        "network", "mlp",
                                        "data.train",
                                                "{ format = folder, path = \""
                                                        + run.getParent()
                                                                .getParent()
                                                                .resolve("tree") + "\" }",
                                        "optimizer.learning-rate", "1e-9",
                                        "train.epochs", "1",
                                        "run.directory", run.getParent().toString()),
                                new Configuration()),
                        List.of())
                .run();
        Result.Comparison other =
                job.comparedWith(drawn.directory()).run().result().comparison();
        assertThat((other.better() - other.worse()) / (double) Digits.TEST)
                .isCloseTo(accuracy - other.accuracy(), within(1e-9));
        assertThat(other.probability()).isLessThan(1e-6);
    }

    @Test
    @Tag("each-backend")
    void aRunTellsEverythingAndCanBeEvaluatedAgain(JavaSparkContext spark) throws IOException {
        Path run = Path.of(train(spark).directory());
        assertThat(run.getFileName().toString()).matches("digits-\\d{8}T\\d{6}Z");
        try (Stream<Path> files = Files.walk(run)) {
            assertThat(files.filter(Files::isRegularFile)
                            .map(path -> run.relativize(path).toString()))
                    .map(name -> name.startsWith("tensorboard/events.out.tfevents.") ? "tensorboard/events" : name)
                    .containsExactlyInAnyOrder(
                            "config.resolved.conf",
                            "environment.json",
                            "events.jsonl",
                            "evaluation/confusion.csv",
                            "evaluation/evaluation.json",
                            "evaluation/examples.json",
                            "evaluation/wrong.png",
                            "metrics.csv",
                            "report.html",
                            "tensorboard/events",
                            "result.json",
                            "attempts/1.json",
                            "checkpoints/round-8/SHA256SUMS",
                            "checkpoints/round-8/state.json",
                            "checkpoints/round-8/state.safetensors",
                            "checkpoints/round-16/SHA256SUMS",
                            "checkpoints/round-16/state.json",
                            "checkpoints/round-16/state.safetensors",
                            "model-last/model.json",
                            "model-last/weights.safetensors",
                            "model/README.md",
                            "model/model.json",
                            "model/weights.safetensors");
        }
        JsonNode result = result(run);
        assertThat(result.at("/status").asText()).isEqualTo("COMPLETED");
        assertThat(result.at("/command").asText()).isEqualTo("train");
        assertThat(result.at("/backend").asText()).isEqualTo(BACKEND);
        assertThat(result.at("/exchange").asText()).isEqualTo("parameter-averaging");
        assertThat(result.at("/transport").asText()).isEqualTo("rounds");
        assertThat(result.at("/workers").asInt()).isEqualTo(2);
        assertThat(result.at("/epochs").asInt()).isEqualTo(2);
        assertThat(result.at("/rounds").asInt()).isEqualTo(2 * 8);
        assertThat(result.at("/attempt").asInt()).isEqualTo(1);
        assertThat(result.at("/progress/round").asInt()).isEqualTo(2 * 8);
        assertThat(result.at("/best/metric").asText()).isEqualTo("test-accuracy");
        assertThat(result.at("/checkpoints/last").asText()).isEqualTo(run + "/checkpoints/round-16");
        assertThat(result.at("/data/train/examples").asInt()).isEqualTo(Digits.TRAIN);
        assertThat(result.at("/data/test/examples").asInt()).isEqualTo(Digits.TEST);
        assertThat(result.at("/data/classes").asInt()).isEqualTo(10);
        assertThat(result.at("/ledger")).hasSize(2);
        assertThat(result.at("/ledger/1/planned").asInt()).isEqualTo(Digits.TRAIN);
        assertThat(result.at("/train/loss").asDouble()).isBetween(0.0, 1.0);
        assertThat(result.at("/test/accuracy").asDouble()).isBetween(0.7, 1.0);
        assertThat(result.at("/throughput/imagesPerSecond").asDouble()).isPositive();
        assertThat(result.at("/throughput/computeSeconds").asDouble()).isPositive();
        assertThat(result.at("/throughput/syncSeconds").asDouble()).isPositive();
        assertThat(Files.readAllLines(run.resolve("metrics.csv")))
                .hasSize(3)
                .first()
                .isEqualTo("epoch,trainLoss,testLoss,testAccuracy,examples,imagesPerSecond,trainSeconds,computeSeconds,"
                        + "waitSeconds,dataSeconds,syncSeconds");

        FinishedRun again = EvaluateJob.of(spark, run.toString(), Optional.empty(), Map.of())
                .run();
        JsonNode evaluated = result(Path.of(again.directory()));
        assertThat(evaluated.at("/command").asText()).isEqualTo("evaluate");
        JsonNode sureness = ((ObjectNode) evaluated.at("/test")).remove("sureness");
        assertThat(evaluated.at("/test")).isEqualTo(result.at("/test"));
        assertThat(sureness.at("/top5Accuracy").asDouble())
                .isBetween(result.at("/test/accuracy").asDouble(), 1.0);
        assertThat(sureness.at("/calibrationError").asDouble()).isBetween(0.0, 0.5);
        long answers = StreamSupport.stream(sureness.at("/bins").spliterator(), false)
                .mapToLong(bin -> bin.at("/answers").asLong())
                .sum();
        assertThat(answers).isEqualTo(Digits.TEST);
        List<String> pairs = Files.readAllLines(Path.of(again.directory(), "evaluation/confusion.csv"));
        assertThat(pairs.get(0)).isEqualTo("trueClass,answer,images");
        assertThat(pairs.stream()
                        .skip(1)
                        .map(pair -> pair.split(",", -1))
                        .filter(pair -> pair[0].equals(pair[1]))
                        .mapToDouble(pair -> Long.parseLong(pair[2]))
                        .sum())
                .isEqualTo(result.at("/test/accuracy").asDouble() * Digits.TEST, within(1e-9));
        assertComparison(spark, run, result.at("/test/accuracy").asDouble());
        // The same digits as IDX, given from outside, to the model alone.
        IdxSource test = Digits.test(folder);
        FinishedRun other = EvaluateJob.of(
                        spark,
                        run.resolve("model").toString(),
                        Optional.of(file.toString()),
                        Map.of(
                                "data.test.format",
                                "idx",
                                "data.test.path",
                                "null",
                                "data.test.images",
                                test.images(),
                                "data.test.labels",
                                test.labels()))
                .run();
        assertThat(other.result().test().accuracy())
                .isEqualTo(result.at("/test/accuracy").asDouble());
        assertThat(other.result().test().loss())
                .isCloseTo(result.at("/test/loss").asDouble(), within(1e-6));
    }

    @Test
    @Tag("each-backend")
    void gradientExchangeTrainsToo(JavaSparkContext spark) throws IOException {
        settings.put("sync.exchange", "gradient");
        settings.put("train.epochs", "1");
        Result result = train(spark).result();
        assertThat(result.exchange()).isEqualTo("gradient");
        assertThat(result.rounds()).isEqualTo(32);
        assertThat(result.test().accuracy()).isGreaterThan(0.6);
    }

    /** Trains, then trains on from the run on the other backend, with the body frozen and a new head for the same classes. */
    /** Four workers on two slots, which sum among themselves, against two, which the driver sums for; the rest is one configuration. */
    @Test
    void aGlobalBatchStaysWhatItIsForOtherNumbersOfWorkers(JavaSparkContext spark) throws IOException {
        settings.put("sync.exchange", "gradient");
        settings.put("data.order", "canonical");
        settings.put("data.global-batch-size", "32");
        settings.put("train.epochs", "1");
        JsonNode two = result(Path.of(train(spark).directory()));
        settings.put("train.workers", "4");
        settings.put("sync.transport", "all-reduce");
        JsonNode four = result(Path.of(train(spark).directory()));
        assertThat(four.at("/rounds")).isEqualTo(two.at("/rounds"));
        assertThat(four.at("/train/loss").asDouble())
                .isCloseTo(two.at("/train/loss").asDouble(), within(1e-5));
        settings.put("train.workers", "3");
        assertThatThrownBy(() -> train(spark))
                .hasMessageContaining("Cannot divide data.global-batch-size = 32 by 3 workers");
    }

    @Test
    @Tag("each-backend")
    void aRunCanBeStartedFromAndFrozen(JavaSparkContext spark) throws IOException {
        settings.put("train.epochs", "1");
        Path first = Path.of(train(spark).directory());
        settings.put("seed", "2");
        settings.put("backend.name", BACKEND.equals("torch") ? "dl4j" : "torch");
        settings.put(
                "network", "{ init-from = \"" + first + "\", head = replace, freeze = body, label-smoothing = 0.1 }");
        FinishedRun second = train(spark);
        assertThat(second.result().test().accuracy()).isGreaterThan(0.6);
        TrainedModel before = model(first);
        TrainedModel after = model(Path.of(second.directory()));
        int head = before.network().head().tensors().get(0).offset();
        assertThat(Arrays.copyOf(after.parameters(), head)).isEqualTo(Arrays.copyOf(before.parameters(), head));
        assertThat(after.parameters()).isNotEqualTo(before.parameters());
        assertThat(after.normalization()).isEqualTo(before.normalization());

        Path weights = first.resolve("model/weights.safetensors");
        settings.put("network", "{ name = lenet, init-from = \"" + weights + "\" }");
        assertFails(spark, "conv1.weight should be [20, 1, 5, 5] but is missing", "fc3.weight is not in the network");
        settings.put("network", "{ init-from = \"" + weights + "\" }");
        assertFails(spark, "has weights alone", "network.name");
        settings.put("network", "{ name = mlp, init-from = \"/none\" }");
        assertFails(spark, "Cannot find /none", "a file of weights");
    }

    @Test
    @Tag("each-backend")
    void aGpuThatIsNotThereFailsTheRun(JavaSparkContext spark) throws IOException {
        settings.put("backend.device", "cuda");
        assertFails(spark, "the device cuda", "-cuda");
    }

    /** To Deeplearning4j and back, and training goes on from there. */
    @Test
    @Tag("each-backend")
    void aModelGoesToDeeplearning4jAndBack(JavaSparkContext spark) throws IOException {
        settings.put("train.epochs", "1");
        Path run = Path.of(train(spark).directory());
        Configuration hadoop = new Configuration();
        Path zip = folder.resolve("model.zip");
        ConvertJob.toDl4j(hadoop, run.toString(), zip.toString());
        TrainedModel before = model(run);
        ConvertJob.fromDl4j(
                hadoop,
                zip.toString(),
                folder + "/back/model",
                before.network().input(),
                before.classNames(),
                before.normalization());
        TrainedModel after = model(folder.resolve("back"));
        assertThat(after.parameters()).isEqualTo(before.parameters());
        assertThat(after.network().layers()).isEqualTo(before.network().layers());
        assertThatThrownBy(() -> ConvertJob.toDl4j(hadoop, run.toString(), zip.toString()))
                .hasMessageContaining(zip + ": it exists");

        settings.put("network", "{ init-from = \"" + zip + "\" }");
        settings.put("optimizer.learning-rate", "1e-12");
        Path on = Path.of(train(spark).directory());
        assertThat(result(on).at("/test/accuracy")).isEqualTo(result(run).at("/test/accuracy"));
        settings.put("network", "{ init-from = \"" + folder + "/none.zip\" }");
        assertFails(spark, "Cannot find", "none.zip");
    }

    private static TrainedModel model(Path run) throws IOException {
        return TrainedModel.load(
                FileSystem.getLocal(new Configuration()), new org.apache.hadoop.fs.Path(run + "/model"));
    }

    /** Eight images of class 9 to some 25 of each other. */
    @Test
    @Tag("each-backend")
    void balancedWeightsFindARareClass(JavaSparkContext spark) throws IOException {
        try (Stream<Path> nines = Files.list(folder.resolve("tree/9"))) {
            for (Path image : nines.sorted().skip(8).toList()) {
                Files.delete(image);
            }
        }
        IdxSource many = Digits.train(folder);
        settings.put("data.train", "{ format = folder, images = null, labels = null, path = \"" + folder + "/tree\" }");
        settings.put(
                "data.test",
                "{ format = idx, path = null, images = \"" + many.images() + "\", labels = \"" + many.labels()
                        + "\" }");
        settings.put("train.epochs", "2");
        Result plain = train(spark).result();
        assertThat(plain.data().trainClasses())
                .extracting(Result.TrainClass::weight)
                .containsOnly(1.0);
        settings.put("data.class-weights", "balanced");
        Path run = Path.of(train(spark).directory());
        JsonNode rare = result(run).at("/data/trainClasses/9");
        long images = result(run).at("/data/train/examples").asLong();
        assertThat(rare.at("/name").asText()).isEqualTo("9");
        assertThat(rare.at("/examples").asLong()).isEqualTo(8);
        assertThat(rare.at("/weight").asDouble()).isEqualTo(images / 80.0);
        double before = plain.test().classes().get(9).recall();
        double after = result(run).at("/test/classes/9/recall").asDouble();
        assertThat(after).isGreaterThan(before + 0.2);

        settings.put("data.class-weights", "{ cat = 2 }");
        assertFails(spark, "data.class-weights.cat", "[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]");
    }

    @Test
    void skippedImagesAreListed(JavaSparkContext spark) throws IOException {
        Files.writeString(folder.resolve("tree/3/a, \"b\".png"), "no image");
        settings.put("data.on-bad-image", "skip");
        settings.put("train.epochs", "1");
        FinishedRun completed = train(spark);
        assertThat(completed.result().data().test()).isEqualTo(new Result.Split(Digits.TEST, 1));
        List<String> lines = Files.readAllLines(Path.of(completed.directory(), "rejects.csv"));
        assertThat(lines).hasSize(2);
        assertThat(lines.get(0)).isEqualTo("set,id,image,reason");
        assertThat(lines.get(1)).startsWith("test,").contains("a, \"\"b\"\".png", "not a JPEG, PNG");
    }

    @Test
    void tooManyBadImagesFailTheRunThoughTheyAreSkipped(JavaSparkContext spark) throws IOException {
        Files.writeString(folder.resolve("tree/3/x.png"), "no image");
        settings.put("data.on-bad-image", "skip");
        settings.put("data.max-bad-fraction", "0.001");
        assertFails(spark, "1 of 251 images were rejected", "data.max-bad-fraction = 0.001", "x.png");
    }

    @Test
    void imagesOnDiskTrainTheSameWeights(JavaSparkContext spark) throws IOException {
        Path inMemory = Path.of(train(spark).directory(), "model/weights.safetensors");
        settings.put("data.cache", "disk");
        Path onDisk = Path.of(train(spark).directory(), "model/weights.safetensors");
        assertThat(onDisk).hasSameBinaryContentAs(inMemory);
        settings.put("data.cache", "encoded");
        settings.put("data.loader-threads", "2");
        Path asFiles = Path.of(train(spark).directory(), "model/weights.safetensors");
        assertThat(asFiles).hasSameBinaryContentAs(inMemory);
    }

    @Test
    void theOrderOfExamplesIsChosenAndTold(JavaSparkContext spark) throws IOException {
        Path global = Path.of(train(spark).directory(), "model/weights.safetensors");
        settings.put("data.shuffle", "balanced");
        Path run = Path.of(train(spark).directory());
        assertThat(result(run).at("/shuffle").asText()).isEqualTo("balanced");
        assertThat(result(run).at("/ledger/1/trained").asInt()).isEqualTo(Digits.TRAIN);
        assertThat(run.resolve("model/weights.safetensors"))
                .satisfies(
                        weights -> assertThat(Files.mismatch(weights, global)).isNotNegative());
    }

    @Test
    void aListOfFilesIsASourceToo(JavaSparkContext spark) throws IOException {
        Path list = folder.resolve("list.csv");
        try (Stream<Path> images = Files.walk(folder.resolve("tree"))) {
            List<String> lines = new ArrayList<>(List.of("path,label,split"));
            images.filter(Files::isRegularFile)
                    .map(image -> "tree/" + folder.resolve("tree").relativize(image))
                    .sorted()
                    .forEach(image -> lines.add(image + "," + image.split("/")[1] + ",test"));
            lines.add("nowhere.png,3,train");
            Files.write(list, lines);
        }
        settings.put("train.epochs", "1");
        Result.Test byFolder = train(spark).result().test();
        settings.put("data.test", "{ format = list, path = \"" + list + "\", split = test }");
        Result.Test byList = train(spark).result().test();
        assertThat(byList).usingRecursiveComparison().isEqualTo(byFolder);
    }

    @Test
    void aPreviewShowsAugmentedImages(JavaSparkContext spark) throws IOException {
        settings.put("data.augment", "[{ type = affine, rotate = 15 }, { type = mix-up }]");
        Path sheet = folder.resolve("sheets/preview.png");
        new PreviewJob(spark, config()).write(sheet, 9, 1);
        BufferedImage first = ImageIO.read(sheet.toFile());
        assertThat(first.getWidth()).isEqualTo(3 * 134 + 6);
        assertThat(first.getHeight()).isEqualTo(3 * 152 + 6);
        new PreviewJob(spark, config()).write(sheet, 9, 2);
        assertThat(pixels(ImageIO.read(sheet.toFile()))).as("another epoch").isNotEqualTo(pixels(first));
        new PreviewJob(spark, config()).write(sheet, 9, 1);
        assertThat(pixels(ImageIO.read(sheet.toFile()))).isEqualTo(pixels(first));
        assertThatThrownBy(() -> new PreviewJob(spark, config()).write(file.resolve("x/preview.png"), 9, 1))
                .isInstanceOf(ConvoyException.class)
                .hasMessageContaining("set --output");
        assertThat(ContactSheet.label(
                        new Target.Mixed(new Target.ClassIndex(1), new Target.ClassIndex(0), 0.75f),
                        List.of("cat", "dog")))
                .isEqualTo("dog 0.75, cat");
    }

    private static int[] pixels(BufferedImage image) {
        return image.getRGB(0, 0, image.getWidth(), image.getHeight(), null, 0, image.getWidth());
    }

    @Test
    void badImagesAreNamedAndFailTheRun(JavaSparkContext spark) throws IOException {
        Files.writeString(folder.resolve("tree/3/broken.png"), "no image");
        assertFails(spark, "tree/3/broken.png", "data.on-bad-image = skip");
    }

    @Test
    void imagesOfDifferentSizesNeedResize(JavaSparkContext spark) throws IOException {
        Digits.writeGrey(folder.resolve("tree/3/large.png"), 56, 56, new byte[56 * 56]);
        assertFails(spark, "large.png", "56x56", "28x28", "data.resize");
        settings.put("data.resize", "[14, 14]");
        settings.put("train.epochs", "1");
        assertThat(train(spark).result().data().test()).isEqualTo(new Result.Split(Digits.TEST + 1, 0));
    }

    @Test
    void missingDataFailTheRun(JavaSparkContext spark) throws IOException {
        settings.put("data.train.images", folder + "/nothing");
        assertFails(spark, folder + "/nothing");
    }

    @Test
    void anEmptyClassFailsTheRun(JavaSparkContext spark) throws IOException {
        try (Stream<Path> files = Files.list(folder.resolve("tree/4"))) {
            for (Path image : files.toList()) {
                Files.delete(image);
            }
        }
        assertFails(spark, "the class 4");
    }

    @Test
    @Tag("each-backend")
    void aNetworkThatDoesNotFitFailsTheRun(JavaSparkContext spark) throws IOException {
        settings.put("network", "{ layers = [{ type = conv2d, filters = 2, kernel = 30 }, { type = flatten }] }");
        assertFails(spark, "conv1", "1x28x28", "at most 28x28");
        settings.put("network", "{ layers = [{ type = flatten }, { type = dense, units = 4 }] }");
        assertFails(spark, "4 outputs on 10 classes");
    }

    /** Under gradient exchange, and with a single local step, a round's harm shows only in the next round's loss. */
    @ParameterizedTest
    @Tag("each-backend")
    @CsvSource({"parameter-averaging, 4", "parameter-averaging, 1", "gradient, 1"})
    void divergenceKeepsTheLastGoodModel(String exchange, String localSteps, JavaSparkContext spark)
            throws IOException {
        settings.put("sync.exchange", exchange);
        settings.put("sync.local-steps", localSteps);
        settings.put("optimizer.learning-rate", "1e25");
        Path run = assertFails(spark, "on worker", "round", "lower the learning rate");
        assertThat(run.resolve("model/weights.safetensors")).exists();
        assertThat(EvaluateJob.of(spark, run.toString(), Optional.empty(), Map.of())
                        .run()
                        .result()
                        .test()
                        .loss())
                .isFinite();
    }

    @Test
    void aRunDirectoryThatCannotBeMadeIsNamed(JavaSparkContext spark) throws IOException {
        Path taken = Files.writeString(folder.resolve("taken"), "a file");
        settings.put("run.directory", taken.toString());
        assertThatThrownBy(() -> train(spark))
                .isInstanceOf(ConvoyException.class)
                .hasMessageContaining("run.directory = " + taken);
    }

    @Test
    void malformedModelsAreRefusedInOneLine(JavaSparkContext spark) throws IOException {
        settings.put("train.epochs", "1");
        Path run = Path.of(train(spark).directory());
        Files.writeString(run.resolve("model/model.json"), "{ \"format\": ");
        assertThatThrownBy(() -> EvaluateJob.of(spark, run.toString(), Optional.empty(), Map.of())
                        .run())
                .isInstanceOf(ConvoyException.class)
                .message()
                .contains("model.json")
                .doesNotContain("\n");
    }

    @Test
    void twoRunsInTheSameSecondKeepApart() {
        Instant now = Instant.parse("2026-01-02T03:04:05Z");
        RunDirectory first = RunDirectory.create(new Configuration(), folder.toString(), "x", now);
        RunDirectory second = RunDirectory.create(new Configuration(), folder.toString(), "x", now);
        assertThat(first.toString()).endsWith("x-20260102T030405Z");
        assertThat(second.toString()).endsWith("x-20260102T030405Z-2");
    }

    @Test
    void anUnknownBackendAndAWrongSchemeAreNamed(JavaSparkContext spark) throws IOException {
        settings.put("backend.name", "tensorflow");
        assertFails(spark, "the backend tensorflow");
        settings.put("data.train.images", "nowhere://x/images");
        assertFails(spark, "nowhere");
    }

    @Test
    void whatIsNoRunCannotBeEvaluated(JavaSparkContext spark) {
        assertThatThrownBy(() -> EvaluateJob.of(spark, folder.toString(), Optional.empty(), Map.of()))
                .isInstanceOf(ConvoyException.class)
                .hasMessageContaining("--data");
    }

    /** The job fails with one line that says these things, and so does its result. */
    private Path assertFails(JavaSparkContext spark, String... parts) throws IOException {
        assertThatThrownBy(() -> train(spark))
                .isInstanceOf(ConvoyException.class)
                .message()
                .contains(parts)
                .doesNotContain("\n");
        try (Stream<Path> runs = Files.list(folder.resolve("runs"))) {
            Path newest = runs.max(Path::compareTo).orElseThrow();
            JsonNode result = result(newest);
            assertThat(result.at("/status").asText()).isEqualTo("FAILED");
            assertThat(result.at("/error").asText()).contains(parts);
            return newest;
        }
    }
}
