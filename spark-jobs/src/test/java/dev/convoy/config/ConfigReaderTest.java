package dev.convoy.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import dev.convoy.data.ClassWeights;
import dev.convoy.data.ConvoyException;
import dev.convoy.data.augment.Augmentation;
import dev.convoy.data.augment.GeometricTransform;
import dev.convoy.data.augment.ImageTransform;
import dev.convoy.data.augment.MixingTransform;
import dev.convoy.data.decode.ImageDecoder;
import dev.convoy.data.plan.Shuffle;
import dev.convoy.data.source.CifarSource;
import dev.convoy.data.source.FolderSource;
import dev.convoy.data.source.IdxSource;
import dev.convoy.data.source.ListSource;
import dev.convoy.model.Loss;
import dev.convoy.model.NetworkSpec;
import dev.convoy.model.layer.Initializer;
import dev.convoy.model.layer.LayerSpec;
import dev.convoy.model.layer.Padding;
import dev.convoy.model.layer.Size2d;
import dev.convoy.model.optimizer.LearningRate;
import dev.convoy.model.optimizer.OptimizerSpec;
import dev.convoy.model.zoo.NamedNetwork;
import dev.convoy.train.BatchLoading;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ConfigReaderTest {
    private static final String MINIMAL =
            """
            data.train { format = folder, path = "/digits" }
            network = mlp
            """;

    @TempDir
    Path folder;

    private static JobConfig read(String text, Map<String, String> settings) {
        return ConfigReader.toJobConfig(ConfigReader.overlay(ConfigFactory.parseString(text), settings));
    }

    @Test
    void referenceThenFileThenSettings() {
        JobConfig config = read(MINIMAL + "train.epochs = 7, seed = 3", Map.of("seed", "4", "data.resize", "[28, 20]"));
        assertThat(config.data().batchSize()).isEqualTo(64);
        assertThat(config.train().epochs()).isEqualTo(7);
        assertThat(config.seed()).isEqualTo(4);
        assertThat(config.data().resize()).containsExactly(28, 20);
        assertThat(config.sync().exchange()).isEqualTo(JobConfig.Sync.Rule.PARAMETER_AVERAGING);
        assertThat(config.network().spec(10, Optional.empty())).isEqualTo(NamedNetwork.MLP.spec(10));
        assertThat(config.data().train().source()).isEqualTo(new FolderSource("/digits"));
    }

    @Test
    void syncAutoIsShortForBothOfItsKeys() {
        for (JobConfig.Sync sync : List.of(
                read(MINIMAL + "sync.timeout = 9, sync = auto", Map.of("sync.timeout", "60"))
                        .sync(),
                read(MINIMAL + "sync { exchange = auto, transport = auto, timeout = 60 }", Map.of())
                        .sync(),
                read(MINIMAL + "sync.timeout = 60, sync.exchange = gradient", Map.of("sync", "auto"))
                        .sync(),
                read(MINIMAL, new TreeMap<>(Map.of("sync", "auto", "sync.timeout", "60")))
                        .sync())) {
            assertThat(sync.exchange()).isEqualTo(JobConfig.Sync.Rule.AUTO);
            assertThat(sync.transport()).isEqualTo(JobConfig.Sync.Transport.AUTO);
            assertThat(sync.timeout()).isEqualTo(60);
            assertThat(sync.localSteps()).isEqualTo("16");
        }
        assertThatThrownBy(() -> read(MINIMAL + "sync = auto, sync.timeout = 60", Map.of()))
                .hasMessageContaining("write sync { exchange = auto, transport = auto }");
        assertThatThrownBy(() -> read(MINIMAL + "sync = often", Map.of())).hasMessageContaining("of sync");
        assertThat(read(MINIMAL + "name = x, sync.transport = ${name}, sync = ${?none}, name = rounds", Map.of())
                        .sync()
                        .transport())
                .isEqualTo(JobConfig.Sync.Transport.ROUNDS);
    }

    /** Two slashes would begin a comment if the value were read as HOCON. */
    @Test
    void settingsAreTakenAsTheyStand() {
        Map<String, String> settings = Map.of(
                "data.train.format", "idx",
                "data.train.path", "null",
                "data.train.images", "hdfs://host/i",
                "data.train.labels", "s3a://bucket/l,m");
        assertThat(read(MINIMAL, settings).data().train().source())
                .isEqualTo(new IdxSource("hdfs://host/i", "s3a://bucket/l,m"));
    }

    @Test
    void cropsFromOriginalsNeedFiles() {
        String crop = MINIMAL + "data.augment = [{ type = resized-crop, from = original }]\n";
        assertThat(read(crop + "data.cache = encoded", Map.of())
                        .data()
                        .augment()
                        .cutsOriginals())
                .isTrue();
        assertThatThrownBy(() -> read(crop, Map.of()))
                .isInstanceOf(ConvoyException.class)
                .hasMessageContaining("data.cache = memory, which keeps images resized; set data.cache = encoded");
        assertThatThrownBy(() -> read(crop.replace("original", "file"), Map.of()))
                .hasMessageContaining("original");
    }

    @Test
    void everySourceAndAugmentationCanBeWritten() {
        JobConfig config = read(
                MINIMAL
                        + """
                        data {
                          test { format = list, path = "x.csv", split = test }
                          resize = [28, 28], fit = letterbox
                          augment = [
                            { type = random-crop, padding = 4 }, { type = resized-crop, area = [0.5, 1] }
                            { type = flip, axis = vertical, probability = 0.1 }
                            { type = affine, rotate = 10, translate = 0.1, scale = [0.9, 1.1], shear = 5 }
                            { type = colour-jitter, brightness = 0.1, contrast = 0.1, saturation = 0.1, hue = 0.1 }
                            { type = random-erasing }, { type = mix-up, alpha = 0.4 }, { type = cut-mix, probability = 0.5 }
                          ]
                        }
                        """,
                Map.of());
        assertThat(config.data().test().source()).isEqualTo(new ListSource("x.csv", "test"));
        assertThat(config.data().preparation().sizes()).isEqualTo(ImageDecoder.Sizes.LETTERBOX);
        assertThat(config.data().loading(ClassWeights.NONE).shuffle())
                .isEqualTo(new Shuffle(Shuffle.Kind.GLOBAL, 8192));
        Map<String, String> loading =
                Map.of("data.shuffle", "window", "data.shuffle-window", "100", "data.loader-threads", "4");
        assertThat(read(MINIMAL, loading).data().loading(ClassWeights.NONE))
                .isEqualTo(new BatchLoading(
                        new Shuffle(Shuffle.Kind.WINDOW, 100), Augmentation.NONE, ClassWeights.NONE, 4));
        assertThatThrownBy(() -> read(MINIMAL, Map.of("data.loader-threads", "many")))
                .hasMessageContaining(
                        "data.loader-threads = many (--set data.loader-threads); allowed are auto and 0 to 64");
        assertThatThrownBy(() -> read(MINIMAL, Map.of("data.loader-threads", "65"))
                        .data()
                        .loading(ClassWeights.NONE))
                .hasMessageContaining("data.loader-threads = 65; allowed are auto and 0 to 64");
        List<ImageTransform> augment = config.trainingSpec(64, ClassWeights.NONE)
                .loading()
                .augmentation()
                .transforms();
        assertThat(augment).hasSize(8);
        assertThat(augment.get(1)).isEqualTo(new GeometricTransform.ResizedCrop().withArea(0.5, 1.0));
        assertThat(augment.get(7)).isEqualTo(new MixingTransform.CutMix(1.0, 0.5));
        assertThat(read(MINIMAL + "data.train.format = cifar", Map.of())
                        .data()
                        .train()
                        .source())
                .isEqualTo(new CifarSource("/digits"));
    }

    @Test
    void aGlobalBatchIsDividedByTheWorkers() {
        assertThat(read(MINIMAL, Map.of("data.batch-size", "16")).data().batchSizeOf(7))
                .isEqualTo(16);
        Map<String, String> canonical = Map.of("data.order", "canonical", "data.global-batch-size", "48");
        DataConfig data = read(MINIMAL, canonical).data();
        assertThat(data.batchSizeOf(2)).isEqualTo(24);
        assertThat(data.batchSizeOf(8)).isEqualTo(6);
        assertThat(data.loading(ClassWeights.NONE).shuffle())
                .isEqualTo(new Shuffle(Shuffle.Kind.GLOBAL, 8192, Shuffle.Order.CANONICAL));
        assertThatThrownBy(() -> data.batchSizeOf(5))
                .hasMessageContaining("Cannot divide data.global-batch-size = 48 by 5 workers")
                .hasMessageContaining("set train.workers to one of 1, 2, 3, 4, 6, 8, 12, 16, 24, 48, or");
        assertThatThrownBy(() -> read(MINIMAL, Map.of("data.order", "canonical")))
                .hasMessageContaining("Cannot use data.order = canonical without data.global-batch-size");
        assertThatThrownBy(() -> read(MINIMAL, Map.of("data.global-batch-size", "48")))
                .hasMessageContaining("Cannot use data.global-batch-size = 48 with data.order = per-worker");
        assertThatThrownBy(() -> read(MINIMAL, Map.of("data.order", "canonical", "data.global-batch-size", "0")))
                .hasMessageContaining("data.global-batch-size = 0");
        assertThatThrownBy(() -> read(MINIMAL, Map.of("data.order", "random")))
                .hasMessageContaining("there is no random; allowed are per-worker, canonical");
        assertThatThrownBy(() -> read(MINIMAL + "data.shuffle = window", canonical)
                        .data()
                        .loading(ClassWeights.NONE))
                .hasMessageContaining("data.order = canonical; it goes with a global shuffle or with none");
    }

    @Test
    void everyLayerAndOptimizerCanBeWritten() {
        JobConfig config = read(
                """
                data.train { format = folder, path = "/digits" }
                network {
                  loss = squared-error
                  initializer { type = normal, std = 0.1 }
                  layers = [
                    { type = conv2d, filters = 8, kernel = 3, padding = same, bias = false }
                    { type = conv2d, filters = 8, kernel = [3, 5], stride = 2, padding = 1, initializer { type = he } }
                    { type = batch-norm, momentum = 0.2 }
                    { type = relu }, { type = leaky-relu, slope = 0.2 }, { type = tanh }, { type = sigmoid }
                    { type = max-pool, kernel = 2 }
                    { type = average-pool, kernel = 3, stride = 1, padding = same }
                    { type = flatten }, { type = dropout, rate = 0.25 }, { type = dense, units = 10 }, { type = softmax }
                  ]
                }
                optimizer { type = adamw, weight-decay = 0.05, learning-rate = 0.002, warmup-epochs = 0.5
                            schedule { type = step, every-epochs = 3, factor = 0.5 } }
                """,
                Map.of());
        LayerSpec first = new LayerSpec.Conv2d(8, Size2d.square(3))
                .withPadding(Padding.SAME)
                .withoutBias();
        LayerSpec second = new LayerSpec.Conv2d(8, new Size2d(3, 5))
                .withStride(Size2d.square(2))
                .withPadding(new Padding.Explicit(1))
                .withInitializer(new Initializer.He());
        NetworkSpec network = config.network().spec(10, Optional.empty());
        assertThat(network.layers()).hasSize(13).startsWith(first, second, new LayerSpec.BatchNorm().withMomentum(0.2));
        assertThat(network.loss()).isEqualTo(Loss.SQUARED_ERROR);
        assertThat(network.initializer()).isEqualTo(new Initializer.Normal(0.0, 0.1));
        assertThat(config.optimizer().spec()).isEqualTo(new OptimizerSpec.AdamW().withWeightDecay(0.05));
        assertThat(config.optimizer().learningRate())
                .isEqualTo(new LearningRate(0.002)
                        .withSchedule(new LearningRate.Schedule.Step(3, 0.5))
                        .withWarmupEpochs(0.5));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "data.batchsize = 32               | data.batchsize              | batch-size",
                "data.train.path = null, data.train.paht = x | data.train.paht      | path",
                "sink.local-steps = 3              | sink                        | sync",
                "optimizer.learning-rat = 1        | optimizer.learning-rat      | learning-rate",
                "optimizer.momentun = 0.5          | optimizer.momentun          | momentum",
                "optimizer.schedule.end = 1        | optimizer.schedule.end      | none",
                "train.epoch = 3                   | train.epoch                 | epochs",
                "network = { layers = [{ type = conv2d, filters = 3, kernel = 3, strides = 2 }] } | network.layers[0].strides | stride"
            })
    void unknownKeysNameTheNearest(String line, String key, String nearest) {
        assertThatThrownBy(() -> read(MINIMAL + line, Map.of()))
                .isInstanceOf(ConvoyException.class)
                .hasMessageContaining("the key " + key)
                .hasMessageContaining(nearest.equals("none") ? "" : "did you mean " + nearest);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "train.epochs = 0                  | train.epochs = 0",
                "train.epochs = many               | train.epochs",
                "train.workers = 0                 | train.workers = 0",
                "data.batch-size = 0               | data.batch-size = 0",
                "data.resize = [28]                | data.resize = [28]",
                "data.channels = 4                 | data.channels = 4",
                "data.on-bad-image = ignore        | data.on-bad-image",
                "data.train.format = zip           | data.train.format",
                "data.train.images = x             | the others need path",
                "data.train.split = a              | split = a",
                "data.max-bad-fraction = 2         | data.max-bad-fraction = 2.0",
                "data.fit = stretched              | data.fit",
                "data.shuffle = globl              | there is no globl; allowed are global, window, none, balanced",
                "sync.transport = gloo             | there is no gloo; allowed are rounds, all-reduce, dl4j-spark",
                "data.class-weights = balance      | data.class-weights = \"balance\"; allowed are balanced, and",
                "data.class-weights = [1, 2]       | data.class-weights = [1,2]; allowed are balanced, and",
                "data.class-weights { cat = -1 }   | data.class-weights.cat = -1; a weight must be",
                "data.class-weights { cat = NaN }  | data.class-weights.cat = \"NaN\"",
                "data.class-weights { cat = 1e999 } | data.class-weights.cat",
                "data.class-weights { cat = true } | data.class-weights.cat = true",
                "data.augment = [{ type = blur }]  | data.augment[0]",
                "data.augment = [{ type = flip, probability = 2 }] | probability = 2.0",
                "data.augment = [{ type = mix-up }, { type = flip }] | must come after all others",
                "optimizer.learning-rate = -1      | optimizer.learning-rate = -1.0",
                "optimizer { type = adam, eps = 1e999 } | optimizer.eps = Infinity",
                "optimizer.type = sdg              | optimizer",
                "optimizer.momentum = 2            | optimizer.momentum = 2.0",
                "sync.local-steps = 0              | sync.local-steps = 0",
                "sync.exchange = weights           | sync.exchange",
                "sync.local-steps = few            | allowed are auto and a number",
                "sync.outer = fast                 | sync.outer",
                "sync.outer = { type = nesterov, momentum = 1 } | sync.outer.momentum = 1.0",
                "sync.max-norm = 1                 | sync.max-norm = 1.0",
                "sync.timeout = 0                  | sync.timeout = 0",
                "sync.round-timeout = 0            | sync.round-timeout = 0 (String: 3); allowed are none and a number",
                "sync { round-timeout = 90000, quorum = 0.5 } | sync.round-timeout = 90000 (String: 3); allowed are 1 to 86400",
                "sync.quorum = 0                   | sync.quorum = 0.0 (String: 3); it is a share",
                "sync.quorum = 1.5                 | sync.quorum = 1.5",
                "sync.quorum = 0.5                 | set both, or neither",
                "sync.round-timeout = 60           | set both, or neither",
                "sync { round-timeout = 60, quorum = 0.5, transport = all-reduce } | sync.transport = all-reduce, whose rounds",
                "sync { round-timeout = 60, quorum = 0.5, transport = dl4j-spark } | sync.transport = dl4j-spark, whose rounds",
                "sync { exchange = gradient, outer = nesterov } | set sync.outer = none",
                "sync.network = mpi                | sync.network",
                "sync { transport = all-reduce, network = nccl }, backend.device = cpu | backend.name = torch and backend.device = cpu: it sums on GPUs",
                "sync { transport = all-reduce, network = nccl }, backend.name = dl4j | set backend.name = torch and backend.device = cuda",
                "sync.transport = dl4j-spark       | needs backend.name = dl4j",
                "sync { transport = dl4j-spark }, backend { name = dl4j } | use sgd, nesterov or adam",
                "sync { transport = dl4j-spark }, backend { name = dl4j }, data { class-weights = balanced } | no data.class-weights",
                "network = { layers = [{ type = conv3d }] } | network.layers[0]",
                "network = { layers = [{ type = conv2d, kernel = 3 }] } | network.layers[0] (String: 3): it lacks filters; set it",
                "network { name = mlp, label-smoothing = 2 } | use network.label-smoothing = 2.0 (String: 3); it must be",
                "network { layers = [] }           | Cannot use network.layers = [] (String: 3); a network has",
                "network { layers = [{ type = dense, units = 0 }] } | use network.layers[0].units = 0 (String: 3); it must be",
                "network { layers = [{ type = max-pool, kernel = 0 }] } | use network.layers[0].kernel = 0 (String: 3); it must",
                "network { layers = [{ type = max-pool, kernel = 2, padding = wide }] } | layers[0].padding = wide (String: 3)",
                "optimizer.weight-decay = 2        | Cannot use optimizer.weight-decay = 2.0 (String: 3); it must be at least 0",
                "optimizer.learning-rate = 0       | Cannot use optimizer.learning-rate = 0.0 (String: 3); it must be above 0",
                "optimizer.learning-rate = null    | optimizer: it lacks learning-rate; set it",
                "optimizer { schedule { type = step, every-epochs = 0 } } | optimizer.schedule.every-epochs = 0.0 (String: 3)",
                "data.augment = [{ type = mix-up, alpha = 3 }] | data.augment[0].alpha = 3.0 (String: 3); allowed are 0.01",
                "data.batch-size = 0               | Cannot use data.batch-size = 0 (String: 3); it must be at least 1",
                "data.shuffle-window = 0           | data.shuffle-window = 0",
                "name = \"a/b\"                    | name = \"a/b\""
            })
    void valuesOutOfRangeAreNamed(String line, String message) {
        Config config = ConfigReader.overlay(ConfigFactory.parseString(MINIMAL + line), Map.of());
        assertThatThrownBy(() -> ConfigReader.toTrainingConfig(config))
                .isInstanceOf(ConvoyException.class)
                .hasMessageContaining(message.strip());
    }

    @Test
    void classWeightsAreBalancedOrByName() {
        List<String> names = List.of("cat", "dog", "a.b");
        List<Long> examples = List.of(3L, 1L, 2L);
        assertThat(weighting("", Map.of()).weights(names, examples)).isEqualTo(ClassWeights.NONE);
        assertThat(weighting("data.class-weights = balanced", Map.of()).weights(names, examples))
                .isEqualTo(ClassWeights.balanced(examples));
        ClassWeighting named = weighting("data.class-weights { \"a.b\" = 0.5 }", Map.of("data.class-weights.cat", "2"));
        named.check(names);
        assertThat(named.weights(names, examples).values()).containsExactly(2.0, 1.0, 0.5);
        assertThatThrownBy(() -> named.check(List.of("cat", "dog")))
                .isInstanceOf(ConvoyException.class)
                .hasMessageContaining("data.class-weights.a.b: a.b is not among the classes [cat, dog]");
        assertThatThrownBy(() -> weighting("data.class-weights { cat = 0, dog = 0 }", Map.of())
                        .check(List.of("cat", "dog")))
                .isInstanceOf(ConvoyException.class)
                .hasMessageContaining("data.class-weights: all classes weigh 0");
    }

    private static ClassWeighting weighting(String line, Map<String, String> settings) {
        return read(MINIMAL + line, settings).data().classWeights();
    }

    @Test
    void whatIsMissingIsNamed() {
        assertThatThrownBy(() -> read("network = lenet", Map.of()).requireTraining())
                .hasMessageContaining("data.train");
        assertThatThrownBy(() -> read("data.train { limit = 7 }", Map.of())).hasMessageContaining("format");
        assertThatThrownBy(() -> read("data.train { format = folder, path = x }", Map.of())
                        .requireTraining())
                .hasMessageContaining("network");
    }

    @Test
    void aKeySetToNullIsTakenAway() {
        String momentum = MINIMAL + "optimizer.momentum = 0.8";
        assertThat(read(momentum, Map.of("optimizer.type", "adam", "optimizer.momentum", "null"))
                        .optimizer()
                        .spec())
                .isEqualTo(new OptimizerSpec.Adam());
    }

    @Test
    void filesMayIncludeOthers() throws IOException {
        Files.writeString(folder.resolve("base.conf"), MINIMAL);
        Path file = Files.writeString(folder.resolve("job.conf"), "include \"base.conf\"\ntrain.epochs = 9");
        JobConfig config = ConfigReader.toJobConfig(ConfigReader.read(file.toString(), Map.of(), new Configuration()));
        assertThat(config.train().epochs()).isEqualTo(9);
        Files.writeString(file, "include \"base\"\ntrain.epochs = 9");
        assertThat(ConfigReader.toJobConfig(ConfigReader.read(file.toString(), Map.of(), new Configuration())))
                .as("the ending may be left out")
                .isEqualTo(config);
        assertThat(config.requireTraining().data().train().path()).isEqualTo("/digits");
    }

    /** A configuration is somebody's word for what to do; fetching more of it from elsewhere is not. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "include \"none.conf\"                   | Cannot include none.conf: it cannot be read",
                "include file(\"/none/none.conf\")       | Cannot include /none/none.conf: it cannot be read",
                "include url(\"http://127.0.0.1:9/x\")   | only files beside it, on this machine, may be included",
                "include \"http://127.0.0.1:9/x\"        | Cannot include http://127.0.0.1:9/x: it cannot be read",
                "include classpath(\"reference.conf\")   | only files beside it, on this machine, may be included"
            })
    void onlyFilesOfThisMachineThatExistMayBeIncluded(String line, String message) throws IOException {
        Path file = Files.writeString(folder.resolve("job.conf"), MINIMAL + line);
        assertThatThrownBy(() -> ConfigReader.read(file.toString(), Map.of(), new Configuration()))
                .isInstanceOf(ConvoyException.class)
                .hasMessageContaining(message);
    }

    @Test
    void relativePathsBecomeAbsoluteWhereverTheyWereSet() throws IOException {
        Path file = Files.writeString(
                folder.resolve("job.conf"), MINIMAL + "data.test { format = idx, images = \"s3a://b/i\", labels = l }");
        Config config = ConfigReader.read(file.toString(), Map.of("run.directory", "runs/a b"), new Configuration());
        Path here = Path.of("").toAbsolutePath();
        assertThat(config.getString("run.directory")).isEqualTo(here + "/runs/a b");
        assertThat(config.getString("data.test.labels")).isEqualTo(here + "/l");
        assertThat(config.getString("data.test.images")).isEqualTo("s3a://b/i");
        assertThat(config.getString("data.train.path")).isEqualTo("/digits");
    }

    @Test
    void valuesOfTheEnvironmentAreUsedButNotRecorded() {
        String value = System.getenv("PATH");
        Config config = ConfigReader.overlay(
                ConfigFactory.parseString(
                        MINIMAL
                                + "name = ${PATH}, network = { layers = [${PATH}, { type = \"a \"${PATH} }] }, seed = ${?CONVOY_NONE}"),
                Map.of());
        assertThat(config.getString("name")).isEqualTo(value);
        Config recorded = ConfigFactory.parseString(ConfigReader.render(config));
        assertThat(recorded.getString("name")).isEqualTo("<not recorded: from the environment>");
        assertThat(recorded.getString("data.train.path")).isEqualTo("/digits");
        assertThat(ConfigReader.render(config)).doesNotContain(value);
    }

    /** A run's folder may be somebody else's. */
    @Test
    void whatIsNoPathIsNamed() throws IOException {
        Path file = Files.writeString(folder.resolve("job.conf"), "data.train.labels = \"::/digits/labels\"");
        assertThatThrownBy(() -> ConfigReader.read(file.toString(), Map.of(), new Configuration()))
                .isInstanceOf(ConvoyException.class)
                .hasMessageContaining("Cannot use data.train.labels = ::/digits/labels (")
                .hasMessageContaining("it is no path");
    }

    @Test
    void secretsAreNotRecorded() {
        Config config = ConfigFactory.parseString(
                        """
                storage { secret-key = "a b", access.key = AKIA, password = ${HOME}, tokens = [one, two], token-limit = 3 }
                data.train.path = "s3a://user:pass@bucket/images"
                name = plain
                """)
                .resolve();
        assertThat(ConfigReader.render(config))
                .contains("secret-key=\"<redacted>\"")
                .contains("path=\"s3a://<redacted>@bucket/images\"")
                .contains("token-limit=3")
                .contains("name=plain")
                .doesNotContain("a b", "AKIA", "pass@", "one", "two");
    }

    @Test
    void ofARecordedConfigurationOnlyWhatEvaluatingNeedsCounts() throws IOException {
        assertThat(recorded(MINIMAL + "run.directory = /elsewhere, seed = 8, data.resize = [9, 9]")
                        .getInt("seed"))
                .isEqualTo(8);
        assertThat(recorded(MINIMAL + "run.directory = /elsewhere").getString("run.directory"))
                .as("the reference's")
                .isNotEqualTo("/elsewhere");
        assertThatThrownBy(() -> recorded(MINIMAL + "include \"base.conf\""))
                .hasMessageContaining("what a run has recorded includes nothing");
        assertThatThrownBy(() -> recorded("data.train { format = folder, path = \"/x/\"${PATH} }"))
                .isInstanceOf(ConvoyException.class)
                .hasMessageContaining("${PATH}");
        assertThatThrownBy(() -> recorded("data.test { format = list, path = \"http://127.0.0.1:9/x.csv\" }"))
                .isInstanceOf(ConvoyException.class)
                .hasMessageContaining("Cannot use data.test.path = http://127.0.0.1:9/x.csv")
                .hasMessageContaining("may name files of [file] alone");
        assertThatThrownBy(() -> recorded("data.test { format = list, path = \"/x.csv\", anywhere = true }"))
                .isInstanceOf(ConvoyException.class)
                .hasMessageContaining("Cannot use data.test.anywhere = true");
        Map<String, String> trusted = Map.of("data.test.anywhere", "true");
        assertThat(recorded("data.test { format = list, path = \"/x.csv\", anywhere = true }", trusted)
                        .getBoolean("data.test.anywhere"))
                .isTrue();
    }

    private Config recorded(String text) throws IOException {
        return recorded(text, Map.of());
    }

    private Config recorded(String text, Map<String, String> settings) throws IOException {
        Files.writeString(folder.resolve("base.conf"), MINIMAL);
        Path file = Files.writeString(folder.resolve("config.resolved.conf"), text);
        return ConfigReader.readRecorded(new org.apache.hadoop.fs.Path(file.toString()), settings, new Configuration());
    }

    @Test
    void errorsTellWhereAKeyWasSet() throws IOException {
        Path file = Files.writeString(folder.resolve("job.conf"), MINIMAL + "\n\ntrain.epochz = 1\n");
        Config config = ConfigReader.read(file.toString(), Map.of(), new Configuration());
        assertThatThrownBy(() -> ConfigReader.toJobConfig(config)).hasMessageContaining("job.conf: 5");
        Files.writeString(file, "train { epochs = ");
        assertThatThrownBy(() -> ConfigReader.read(file.toString(), Map.of(), new Configuration()))
                .isInstanceOf(ConvoyException.class)
                .hasMessageContaining("job.conf");
        assertThatThrownBy(() -> ConfigReader.read(folder + "/none.conf", Map.of(), new Configuration()))
                .isInstanceOf(ConvoyException.class)
                .hasMessageContaining("none.conf");
    }

    @Test
    void aRenderedConfigurationReadsTheSame() {
        Config config = ConfigReader.overlay(ConfigFactory.parseString(MINIMAL), Map.of("name", "x"));
        Config again = ConfigFactory.parseString(ConfigReader.render(config));
        assertThat(ConfigReader.toJobConfig(ConfigReader.overlay(again, Map.of())))
                .isEqualTo(ConfigReader.toJobConfig(config));
    }
}
