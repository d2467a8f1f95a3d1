package dev.convoy.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import dev.convoy.config.ConfigReader;
import dev.convoy.data.Sha256;
import dev.convoy.data.source.IdxSource;
import dev.convoy.report.Event;
import dev.convoy.report.RunHistory;
import dev.convoy.report.tensorboard.TensorBoardReader;
import dev.convoy.storage.Heartbeat;
import dev.convoy.testing.Digits;
import dev.convoy.testing.SparkExtension;
import dev.convoy.train.RoundReport;
import dev.convoy.train.TrainingListener;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.apache.commons.io.FileUtils;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.spark.api.java.JavaSparkContext;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Runs that end before they are done, and go on. */
@ExtendWith(SparkExtension.class)
@Timeout(300)
class ResumeTest {
    private static final String BACKEND = System.getProperty("convoy.test.backend", "torch");
    /** Of an epoch: 32 steps of two workers, four a round. */
    private static final int ROUNDS = 8;

    @TempDir
    Path folder;

    private final Map<String, String> settings = new HashMap<>();
    private Path file;

    @BeforeEach
    void configure() throws IOException {
        IdxSource train = Digits.trainGzip(folder);
        IdxSource test = Digits.test(folder);
        file = Files.writeString(
                folder.resolve("job.conf"),
                """
                name = digits
                backend.name = %s
                data {
                  train { format = idx, images = "%s", labels = "%s" }
                  test { format = idx, images = "%s", labels = "%s" }
                  batch-size = 16
                }
                network { layers = [
                  { type = flatten }, { type = dense, units = 16 }, { type = batch-norm }, { type = relu }
                  { type = dropout, rate = 0.2 }, { type = dense, units = 10 } ] }
                optimizer { type = adamw, schedule { type = cosine }, warmup-epochs = 1 }
                sync { local-steps = 4, outer = nesterov }
                train { epochs = 3, workers = 2 }
                checkpoint.every = 3 rounds
                run.directory = "%s"
                """
                        .formatted(
                                BACKEND,
                                train.images(),
                                train.labels(),
                                test.images(),
                                test.labels(),
                                folder.resolve("runs")));
    }

    private Config config() throws IOException {
        return ConfigReader.read(file.toString(), settings, new Configuration());
    }

    private Path train(JavaSparkContext spark) throws IOException {
        return train(spark, Resume.NEVER);
    }

    private Path train(JavaSparkContext spark, Resume resume) throws IOException {
        return Path.of(new TrainJob(spark, config(), List.of())
                .withResume(resume)
                .run()
                .directory());
    }

    private static Resume resume(Path run) {
        return new Resume(Resume.Mode.ALWAYS, Optional.of(run.toString()), false);
    }

    private static Resume resumeChanged(Path run) {
        return new Resume(Resume.Mode.ALWAYS, Optional.of(run.toString()), true);
    }

    /** Trains, and is interrupted when so many rounds are done. */
    private Path interrupted(JavaSparkContext spark, int rounds) throws Exception {
        TrainingListener interrupting = new TrainingListener() {
            @Override
            public void roundCompleted(RoundReport round) {
                if (round.progress().globalRound() == rounds) {
                    Thread.currentThread().interrupt();
                }
            }
        };
        TrainJob job = new TrainJob(spark, config(), List.of(interrupting));
        FutureTask<FinishedRun> training = new FutureTask<>(job::run);
        new Thread(training, "interrupted").start();
        assertThatThrownBy(() -> training.get(2, TimeUnit.MINUTES)).isInstanceOf(ExecutionException.class);
        try (Stream<Path> runs = Files.list(folder.resolve("runs"))) {
            return runs.max(Path::compareTo).orElseThrow();
        }
    }

    private static JsonNode result(Path run) throws IOException {
        return new ObjectMapper().readTree(run.resolve("result.json").toFile());
    }

    /** All that must be the same, whatever happened meanwhile: all but times. */
    private static void assertSame(Path found, Path expected) throws IOException {
        for (String model : List.of("model", "model-last")) {
            String weights = model + "/weights.safetensors";
            assertThat(found.resolve(weights)).hasSameBinaryContentAs(expected.resolve(weights));
        }
        assertThat(metrics(found)).isEqualTo(metrics(expected));
        for (String field : List.of("/status", "/test", "/train", "/epochs", "/rounds", "/best", "/data")) {
            assertThat(result(found).at(field))
                    .as(field)
                    .isEqualTo(result(expected).at(field));
        }
    }

    private static List<List<String>> metrics(Path run) throws IOException {
        return Files.readAllLines(run.resolve("metrics.csv")).stream()
                .map(line -> Arrays.asList(line.split(",")).subList(0, 5))
                .toList();
    }

    private static Map<String, String> contents(Path run) throws IOException {
        Map<String, String> contents = new TreeMap<>();
        try (Stream<Path> files = Files.walk(run)) {
            for (Path path : files.filter(Files::isRegularFile).toList()) {
                contents.put(run.relativize(path).toString(), Arrays.toString(Files.readAllBytes(path)));
            }
        }
        return contents;
    }

    @Test
    void whatARunHasChosenStays(JavaSparkContext spark) throws Exception {
        settings.putAll(Map.of(
                "backend.precision", "bf16",
                "sync.exchange", "gradient",
                "sync.outer", "none",
                "sync.transport", "all-reduce"));
        Path run = interrupted(spark, ROUNDS + 1);
        settings.putAll(Map.of("backend.precision", "auto", "sync.exchange", "auto", "sync.transport", "auto"));
        train(spark, resume(run));
        assertThat(settled(run, "backend.precision")).isEqualTo("bf16");
        assertThat(settled(run, "sync.exchange")).isEqualTo("gradient");
        assertThat(settled(run, "sync.transport")).isEqualTo("all-reduce");
        settings.put("train.epochs", "1");
        Path other = train(spark);
        assertThat(settled(other, "backend.precision")).isIn("fp32", "bf16");
        assertThat(settled(other, "sync.exchange"))
                .isIn("gradient", "parameter-averaging")
                .isEqualTo(result(other).at("/exchange").asText());
        assertThat(settled(other, "sync.transport"))
                .isIn("rounds", "all-reduce")
                .isEqualTo(result(other).at("/transport").asText());
        assertThat(result(other).at("/ledger/0/trained").asInt())
                .as("trials count for nothing")
                .isEqualTo(Digits.TRAIN);
    }

    private static String settled(Path run, String key) {
        return ConfigFactory.parseFile(run.resolve("config.resolved.conf").toFile())
                .getString(key);
    }

    /** In the middle of the second epoch, behind its last checkpoint. */
    @Test
    @Tag("each-backend")
    void aRunThatGoesOnComesToTheSameBits(JavaSparkContext spark) throws Exception {
        Path undisturbed = train(spark);
        Path run = interrupted(spark, ROUNDS + 5);
        assertThat(result(run).at("/status").asText()).isEqualTo("FAILED");
        assertThat(result(run).at("/resume").asText()).endsWith("--resume " + run);
        assertThat(train(spark, resume(run))).isEqualTo(run);
        assertSame(run, undisturbed);
        assertThat(result(run).at("/attempt").asInt()).isEqualTo(2);
        assertThat(result(run).at("/ledger/0")).isEqualTo(result(undisturbed).at("/ledger/0"));
        assertThat(result(run).at("/ledger/1/trained").asInt()).isEqualTo(Digits.TRAIN);
        assertThat(run.resolve("attempts/2.json")).exists();
        assertSameEvents(run, undisturbed);
    }

    /** Of every tag, the same steps, each later than the one before. */
    private static void assertSameEvents(Path run, Path undisturbed) throws IOException {
        Map<String, List<TensorBoardReader.Point>> found = TensorBoardReader.read(run.resolve("tensorboard"));
        assertThat(found).containsKeys("rounds/loss", "epoch/test-accuracy", "weights/fc1.weight", "images/train");
        found.forEach((tag, points) -> assertThat(
                        points.stream().map(TensorBoardReader.Point::step).toList())
                .as(tag)
                .isSorted()
                .doesNotHaveDuplicates());
        assertThat(epochLosses(run)).isEqualTo(epochLosses(undisturbed)).hasSize(3);
        RunHistory history = history(run);
        assertThat(history.of(Event.Started.class))
                .extracting(Event.Started::attempt)
                .containsExactly(1, 2);
        assertThat(history.of(Event.Weights.class))
                .extracting(Event.Weights::epoch)
                .containsExactly(1, 2, 3);
        assertThat(history.last(Event.Ended.class).orElseThrow().ending()).isEqualTo("completed");
        assertThat(history.of(Event.Rounds.class))
                .extracting(Event.Rounds::step)
                .isSorted()
                .doesNotHaveDuplicates();
    }

    private static RunHistory history(Path run) throws IOException {
        return RunHistory.read(FileSystem.get(new Configuration()), new org.apache.hadoop.fs.Path(run.toString()));
    }

    private static List<Double> epochLosses(Path run) throws IOException {
        return history(run).of(Event.Epoch.class).stream()
                .map(Event.Epoch::testLoss)
                .toList();
    }

    /** What a lost disk, a cut connection or another hand may have done to the newest checkpoint. */
    private enum Damage {
        TRUNCATED {
            @Override
            void to(Path checkpoint) throws IOException {
                Path vectors = checkpoint.resolve("state.safetensors");
                byte[] bytes = Files.readAllBytes(vectors);
                Files.write(vectors, Arrays.copyOf(bytes, bytes.length - 100));
            }
        },
        FLIPPED {
            @Override
            void to(Path checkpoint) throws IOException {
                Path vectors = checkpoint.resolve("state.safetensors");
                byte[] bytes = Files.readAllBytes(vectors);
                bytes[bytes.length / 2] ^= 1;
                Files.write(vectors, bytes);
            }
        },
        WITHOUT_MARK {
            @Override
            void to(Path checkpoint) throws IOException {
                Files.delete(checkpoint.resolve("SHA256SUMS"));
            }
        },
        /** Killed between two renamings, with no other one left. */
        REPLACED {
            @Override
            void to(Path checkpoint) throws IOException {
                String name = checkpoint.getFileName().toString();
                Files.move(checkpoint, checkpoint.resolveSibling(".tmp-" + name + "." + UUID.randomUUID()));
                try (DirectoryStream<Path> others = Files.newDirectoryStream(checkpoint.getParent(), "round-*")) {
                    for (Path other : others) {
                        FileUtils.deleteDirectory(other.toFile());
                    }
                }
            }
        },
        WITHOUT_VECTORS {
            @Override
            void to(Path checkpoint) throws IOException {
                Files.delete(checkpoint.resolve("state.safetensors"));
            }
        },
        NEWER_VERSION {
            @Override
            void to(Path checkpoint) throws IOException {
                Path description = checkpoint.resolve("state.json");
                Files.writeString(description, Files.readString(description).replace("checkpoint-1", "checkpoint-2"));
                String sums = "";
                for (String name : List.of("state.safetensors", "state.json")) {
                    byte[] digest = Sha256.digest().digest(Files.readAllBytes(checkpoint.resolve(name)));
                    sums += HexFormat.of().formatHex(digest) + "  " + name + "\n";
                }
                Files.writeString(checkpoint.resolve("SHA256SUMS"), sums);
            }
        };

        abstract void to(Path checkpoint) throws IOException;
    }

    /** One that waits to be written gives way to a newer one. */
    private static Path newestCheckpoint(Path run) throws IOException {
        try (Stream<Path> all = Files.list(run.resolve("checkpoints"))) {
            return all.max(Comparator.comparingInt(path ->
                            Integer.parseInt(path.getFileName().toString().replace("round-", ""))))
                    .orElseThrow();
        }
    }

    @ParameterizedTest
    @EnumSource(Damage.class)
    void aDamagedCheckpointIsLeftOutForTheOneBefore(Damage damage, JavaSparkContext spark) throws Exception {
        settings.put("train.epochs", "2");
        Path undisturbed = train(spark);
        Path run = interrupted(spark, ROUNDS + 2);
        damage.to(newestCheckpoint(run));
        Path half = Files.createDirectory(run.resolve("checkpoints/.tmp-half"));
        Path others = Files.createDirectory(run.resolve("checkpoints/round-6-copied"));
        Path weights = Files.createFile(
                run.resolve("model-last/.weights.safetensors.00000000-0000-0000-0000-000000000000.tmp"));
        train(spark, resume(run));
        assertSame(run, undisturbed);
        assertThat(half).doesNotExist();
        assertThat(weights).doesNotExist();
        assertThat(others).exists();
    }

    @Test
    void aChangedRunIsRefusedAndLeftAsItWas(JavaSparkContext spark) throws Exception {
        Path run = interrupted(spark, ROUNDS + 1);
        Map<String, String> before = contents(run);
        settings.put("optimizer.learning-rate", "0.002");
        settings.put("optimizer.type", "sgd");
        assertThatThrownBy(() -> train(spark, resume(run)))
                .hasMessageContainingAll(
                        "Cannot go on with " + run,
                        "optimizer.learning-rate: 0.01 -> 0.002",
                        "optimizer.type: adamw -> sgd",
                        "--allow-changes");
        assertThat(contents(run)).isEqualTo(before);
        train(spark, resumeChanged(copyOf(run)));
        settings.clear();
        // As text, which is the same number.
        settings.put("train.epochs", "3");
        settings.put("optimizer.learning-rate", "0.010");
        settings.put("data.train.limit", "900");
        assertThatThrownBy(() -> train(spark, resume(run)))
                .hasMessageContainingAll("data.train: 1000 images (0 rejected) -> 900 (0 rejected)");
        assertThat(contents(run)).isEqualTo(before);
        assertThat(result(train(spark, resumeChanged(run)))
                        .at("/ledger/2/trained")
                        .asInt())
                .isEqualTo(900);
    }

    /** An epoch that is trained, but not evaluated yet, cannot be reported on with other images: it begins anew. */
    @Test
    void imagesMayChangeBeforeAnEvaluation(JavaSparkContext spark) throws Exception {
        Path run = interrupted(spark, ROUNDS);
        settings.put("data.train.limit", "900");
        train(spark, resumeChanged(run));
        JsonNode ledger = result(run).at("/ledger");
        assertThat(ledger).hasSize(3).allMatch(epoch -> epoch.path("trained").asInt() == 900);
        assertThat(ledger.at("/0/retried").asInt()).isEqualTo(Digits.TRAIN);
    }

    /** However seldom checkpoints are written, there is one at the end. */
    @Test
    void aFinishedRunCanBeTrainedForLonger(JavaSparkContext spark) throws Exception {
        settings.put("checkpoint.every", "1000 rounds");
        settings.put("optimizer.schedule.type", "constant");
        settings.put("train.epochs", "2");
        Path longer = train(spark);
        settings.put("train.epochs", "1");
        Path run = train(spark);
        settings.put("train.epochs", "2");
        train(spark, resumeChanged(run));
        assertSame(run, longer);
    }

    /** Beside it, with all of its files: a run may be moved. */
    private Path copyOf(Path run) throws IOException {
        Path copy = folder.resolve("moved").resolve(run.getFileName());
        FileUtils.copyDirectory(run.toFile(), copy.toFile());
        return copy;
    }

    /** Another number of workers, on the other backend: the running epoch begins anew, and the ledger adds up. */
    @Test
    void otherWorkersOnTheOtherBackendGoOn(JavaSparkContext spark) throws Exception {
        Path run = interrupted(spark, ROUNDS + 5);
        settings.put("train.workers", "3");
        settings.put("backend.name", BACKEND.equals("torch") ? "dl4j" : "torch");
        train(spark, resume(run));
        JsonNode result = result(run);
        assertThat(result.at("/workers").asInt()).isEqualTo(3);
        assertThat(result.at("/ledger")).hasSize(3);
        assertThat(result.at("/ledger/1/trained").asInt()).isEqualTo(Digits.TRAIN);
        assertThat(result.at("/ledger/1/retried").asInt())
                .as("the five rounds of the epoch before it was interrupted")
                .isEqualTo(5 * 4 * 2 * 16);
        assertThat(result.at("/test/accuracy").asDouble()).isGreaterThan(0.7);
    }

    @Test
    void whatIsNoUnfinishedRunOfItsOwnIsRefused(JavaSparkContext spark) throws Exception {
        settings.put("train.epochs", "1");
        assertThatThrownBy(() -> train(spark, new Resume(Resume.Mode.ALWAYS, Optional.empty(), false)))
                .hasMessageContaining("there is no run of digits in " + folder.resolve("runs"));
        Resume auto = new Resume(Resume.Mode.AUTO, Optional.empty(), false);
        Path run = train(spark, auto);
        assertThatThrownBy(() -> train(spark, resume(run)))
                .hasMessageContainingAll("Cannot go on with " + run, "it is finished");
        assertThatThrownBy(() -> train(spark, resume(folder)))
                .hasMessageContainingAll("Cannot go on with " + folder, "no run directory");
        assertThat(train(spark, auto)).as("finished, so that a new one begins").isNotEqualTo(run);

        Path other = interrupted(spark, 5);
        JsonNode result = result(other);
        Files.writeString(other.resolve("result.json"), result.toString().replace("\"FAILED\"", "\"RUNNING\""));
        Map<String, String> before = contents(other);
        assertThatThrownBy(() -> train(spark, auto))
                .hasMessageContainingAll(
                        "Cannot go on in", "process " + ProcessHandle.current().pid(), "still trains");
        assertThat(contents(other)).isEqualTo(before);
        assertThat(new ObjectMapper()
                        .readTree(other.resolve("attempts/1.json").toFile())
                        .fieldNames())
                .toIterable()
                .containsExactly("host", "pid", "started", "mark");
        String attempt = Files.readString(other.resolve("attempts/1.json"))
                .replace(ProcessHandle.current().pid() + ",", "2147483646,");
        // It is of a container that is called as this host is, and shows signs of life.
        Files.writeString(other.resolve("attempts/1.json"), attempt.replaceFirst("pid:\\[[0-9]+", "pid:[1"));
        try (Heartbeat elsewhere = new Heartbeat(
                () -> other.resolve("result.json").toFile().setLastModified(System.currentTimeMillis()),
                Duration.ofMillis(200))) {
            assertThatThrownBy(() -> train(spark, auto)).hasMessageContaining("process 2147483646");
        }
        Files.writeString(other.resolve("attempts/1.json"), attempt);
        assertThat(train(spark, auto)).isEqualTo(other);
    }

    /** The second of two processes that take a run over is told so; the first one, should it live, writes nothing any more. */
    @Test
    void onlyTheLatestAttemptWrites(JavaSparkContext spark) throws Exception {
        settings.put("train.epochs", "1");
        Path run = interrupted(spark, 5);
        FileSystem files = RunDirectory.files(new Configuration(), run.toString());
        org.apache.hadoop.fs.Path path = files.makeQualified(new org.apache.hadoop.fs.Path(run.toString()));
        RunDirectory second = RunDirectory.takeOver(files, path);
        RunDirectory third = RunDirectory.takeOver(files, path);
        assertThat(third.attempt()).isEqualTo(3);
        assertThatThrownBy(() -> second.write("note.txt", "late"))
                .hasMessageContainingAll("Cannot write to", "attempt 3 has taken it over");
        third.write("note.txt", "in time");
        assertThat(run.resolve("note.txt")).hasContent("in time");
    }

    /** The best is remembered, by which model/ stays and patience counts. */
    @Test
    void theBestEpochIsRememberedOverAttempts(JavaSparkContext spark) throws Exception {
        settings.put("train.epochs", "30");
        settings.put("train.stop.patience", "2");
        settings.put("train.stop.metric", "train-loss");
        settings.put("optimizer.warmup-epochs", "0");
        settings.put("optimizer.learning-rate", "0.02");
        Path undisturbed = train(spark);
        JsonNode result = result(undisturbed);
        int epochs = result.at("/epochs").asInt();
        assertThat(epochs).isBetween(3, 29).isEqualTo(result.at("/best/epoch").asInt() + 2);
        Path run = interrupted(spark, (epochs - 1) * ROUNDS + 3);
        train(spark, resume(run));
        assertSame(run, undisturbed);
        assertThat(run.resolve("model/weights.safetensors")).isNotEmptyFile();
        assertThat(Files.mismatch(
                        run.resolve("model/weights.safetensors"), run.resolve("model-last/weights.safetensors")))
                .isNotNegative();
    }
}
