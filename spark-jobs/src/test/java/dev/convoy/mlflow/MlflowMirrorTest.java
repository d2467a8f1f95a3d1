package dev.convoy.mlflow;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.convoy.mlflow.FakeMlflow.Mood;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.FilterFileSystem;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Against a real server on the loopback address. */
class MlflowMirrorTest {
    private static final String TOKEN = "sesame-0123456789";
    private static final Duration SHORT = Duration.ofMillis(1_200);

    @TempDir
    Path root;

    private FakeMlflow mlflow;
    private FileSystem files;
    private MlflowMirror mirror;

    @BeforeEach
    void open() throws IOException {
        mlflow = new FakeMlflow();
        files = FileSystem.getLocal(new Configuration());
        files.setWriteChecksum(false);
        mirror = mirror(target());
    }

    @AfterEach
    void close() {
        mlflow.close();
    }

    private MlflowTarget target() {
        MlflowCredentials credentials = MlflowCredentials.from(Map.of(MlflowCredentials.TOKEN, TOKEN));
        return new MlflowTarget(mlflow.uri(), "pets", credentials);
    }

    private MlflowMirror mirror(MlflowTarget target) {
        return new MlflowMirror(target, files, new org.apache.hadoop.fs.Path(root.toString(), "mlflow"));
    }

    private static Publication publication(int version, Map<String, Integer> aliases) {
        return new Publication(
                version,
                "hdfs:///registry/pets/versions/" + version,
                Map.of("test accuracy", 0.9 + version / 100.0, "test loss", 0.25),
                Map.of("optimizer.type", "adamw"),
                Map.of("decision", "PROMOTED"),
                aliases);
    }

    private List<String> names(String folder) throws IOException {
        Path path = root.resolve("mlflow").resolve(folder);
        if (!Files.exists(path)) {
            return List.of();
        }
        try (Stream<Path> list = Files.list(path)) {
            return list.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }

    @Test
    void aVersionComesWithItsRunTagsAndAliases() throws IOException {
        MirrorOutcome outcome = mirror.publish(publication(1, Map.of("champion", 1)));
        assertThat(outcome).isEqualTo(new MirrorOutcome(List.of(1), Optional.empty(), List.of()));
        JsonNode version = mlflow.version(1).orElseThrow();
        assertThat(version.path("name").asText()).isEqualTo("pets");
        assertThat(version.path("source").asText()).isEqualTo("hdfs:///registry/pets/versions/1");
        assertThat(FakeMlflow.tags(version)).isEqualTo(Map.of("convoy.version", "1", "decision", "PROMOTED"));
        JsonNode run = mlflow.runs.get(version.path("run_id").asText());
        assertThat(run.path("info").path("status").asText()).isEqualTo("FINISHED");
        assertThat(run.path("data").path("metrics")).hasSize(2);
        assertThat(run.path("data").path("params").get(0).path("value").asText())
                .isEqualTo("adamw");
        assertThat(mlflow.aliases).isEqualTo(Map.of("champion", "101"));
        assertThat(mlflow.authorizations).containsOnly("Bearer " + TOKEN);
        assertThat(names("pending")).isEmpty();
        assertThat(names("done")).containsExactly("1");
    }

    @Test
    void whatIsDoneIsNotSentAgain() {
        mirror.publish(publication(1, Map.of("champion", 1)));
        mlflow.requests.clear();
        assertThat(mirror.publish(publication(1, Map.of("champion", 1))).sent()).isEmpty();
        assertThat(mirror.catchUp().isUpToDate()).isTrue();
        assertThat(mirror(target())
                        .publish(publication(1, Map.of("champion", 1)))
                        .isUpToDate())
                .isTrue();
        assertThat(mlflow.requests).isEmpty();
    }

    @Test
    void aliasesFollowARollbackAndGoWithTheirNames() {
        mirror.publish(publication(1, Map.of("champion", 1)));
        mirror.publish(publication(2, Map.of("champion", 2, "previous", 1, "canary", 2)));
        assertThat(mlflow.aliases).isEqualTo(Map.of("champion", "102", "previous", "101", "canary", "102"));
        mlflow.requests.clear();
        mirror.publish(publication(1, Map.of("champion", 1, "previous", 2)));
        assertThat(mlflow.aliases).isEqualTo(Map.of("champion", "101", "previous", "102"));
        assertThat(mlflow.requests)
                .filteredOn(request -> request.contains("/create"))
                .containsExactly();
        assertThat(mlflow.versions).hasSize(2);
    }

    @Test
    void newTagsOfAVersionAreSetAndNoneElse() {
        mirror.publish(publication(1, Map.of("champion", 1)));
        mlflow.requests.clear();
        Publication old = publication(1, Map.of("champion", 1));
        mirror.publish(new Publication(
                1,
                old.source(),
                old.metrics(),
                old.params(),
                Map.of("decision", "PROMOTED", "approved", "yes"),
                old.aliases()));
        assertThat(mlflow.requests).containsExactly("POST model-versions/set-tag");
        assertThat(FakeMlflow.tags(mlflow.version(1).orElseThrow())).containsEntry("approved", "yes");
    }

    @Test
    void anOutageIsCaughtUpInOrder() throws IOException {
        mlflow.become(Mood.FAILS);
        assertThat(mirror.publish(publication(1, Map.of("champion", 1))).isUpToDate())
                .isFalse();
        assertThat(mirror.publish(publication(2, Map.of("champion", 2, "previous", 1)))
                        .isUpToDate())
                .isFalse();
        assertThat(mirror.publish(publication(10, Map.of("champion", 10, "previous", 2)))
                        .problem())
                .hasValueSatisfying(problem -> assertThat(problem).contains("HTTP 500"));
        // A rollback while nobody hears of it.
        mirror.publish(publication(2, Map.of("champion", 2, "previous", 10)));
        assertThat(names("pending")).containsExactlyInAnyOrder("1.json", "2.json", "10.json");
        mlflow.become(Mood.WELL);
        MirrorOutcome outcome = mirror(target()).catchUp();
        assertThat(outcome.sent()).containsExactly(1, 2, 10);
        assertThat(outcome.isUpToDate()).isTrue();
        assertThat(mlflow.versions.stream()
                        .map(version -> version.path("source").asText()))
                .containsExactly(
                        "hdfs:///registry/pets/versions/1",
                        "hdfs:///registry/pets/versions/2",
                        "hdfs:///registry/pets/versions/10");
        assertThat(mlflow.aliases).isEqualTo(Map.of("champion", "102", "previous", "103"));
        assertThat(names("pending")).isEmpty();
        assertThat(names("done")).containsExactlyInAnyOrder("1", "2", "10");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "experiments/get-by-name",
                "experiments/create",
                "registered-models/create",
                "model-versions/search",
                "runs/search",
                "runs/create",
                "runs/log-batch",
                "runs/update",
                "model-versions/create",
                "registered-models/alias"
            })
    void anAnswerThatIsLostDoublesNothing(String path) {
        mlflow.become(Mood.LOSES_ANSWERS, path);
        assertThat(mirror.publish(publication(1, Map.of("champion", 1))).isUpToDate())
                .isFalse();
        mlflow.become(Mood.WELL);
        assertThat(mirror.catchUp().isUpToDate()).isTrue();
        assertThat(mlflow.runs).hasSize(1);
        assertThat(mlflow.versions).hasSize(1);
        assertThat(mlflow.runs.get("run1").path("data").path("metrics")).hasSize(2);
        assertThat(mlflow.runs.get("run1").path("data").path("params")).hasSize(1);
        assertThat(mlflow.runs.get("run1").path("info").path("status").asText()).isEqualTo("FINISHED");
        assertThat(mlflow.aliases).isEqualTo(Map.of("champion", "101"));
    }

    @Test
    void notesThatAreLostDoubleNothing() throws IOException {
        mlflow.pageSize = 2;
        for (int version = 1; version <= 5; version++) {
            mirror.publish(publication(version, Map.of("champion", version)));
        }
        try (Stream<Path> all = Files.walk(root.resolve("mlflow"))) {
            for (Path file : all.filter(Files::isRegularFile).toList()) {
                Files.delete(file);
            }
        }
        mirror.publish(publication(5, Map.of("champion", 5, "previous", 4)));
        assertThat(mlflow.versions).hasSize(5);
        assertThat(mlflow.runs).hasSize(5);
        assertThat(mlflow.aliases).isEqualTo(Map.of("champion", "105", "previous", "104"));
    }

    @ParameterizedTest
    @EnumSource(
            value = Mood.class,
            mode = EnumSource.Mode.EXCLUDE,
            names = {"WELL", "SLOW", "REFUSES"})
    void nothingThatAServerDoesHoldsUpANight(Mood mood) throws IOException {
        mlflow.become(mood);
        long start = System.nanoTime();
        try (LogLines log = new LogLines(MlflowMirror.class)) {
            MirrorOutcome outcome =
                    mirror(target().withTimes(SHORT, SHORT)).publish(publication(1, Map.of("champion", 1)));
            assertThat(outcome.sent()).isEmpty();
            assertThat(outcome.problem()).isPresent();
            assertThat(log.lines).hasSize(1);
            assertThat(log.lines.get(0))
                    .startsWith("WARN MLflow has not got all of the model pets")
                    .doesNotContain(TOKEN, "\n");
        }
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(SHORT.plusSeconds(2));
        assertThat(names("pending")).containsExactly("1.json");
        mlflow.become(Mood.WELL);
        assertThat(mirror.catchUp().sent()).containsExactly(1);
    }

    @Test
    void aServerThatIsNotThereHoldsUpNothing() throws IOException {
        URI gone = mlflow.uri();
        mlflow.close();
        MirrorOutcome outcome =
                mirror(new MlflowTarget(gone, "pets", MlflowCredentials.none())).publish(publication(1, Map.of()));
        assertThat(outcome.problem())
                .hasValueSatisfying(problem -> assertThat(problem).contains("ConnectException"));
        assertThat(names("pending")).containsExactly("1.json");
    }

    @Test
    void aServerThatHangsLaterOnEndsTheCallAndNotItsWork() throws IOException {
        mlflow.become(Mood.HANGS, "model-versions/create");
        MlflowMirror hasty = mirror(target().withTimes(SHORT, SHORT));
        assertThat(hasty.publish(publication(1, Map.of())).problem()).isPresent();
        assertThat(mlflow.runs).hasSize(1);
        mlflow.become(Mood.WELL);
        assertThat(hasty.publish(publication(2, Map.of("champion", 2))).sent()).containsExactly(1, 2);
        assertThat(mlflow.runs).hasSize(2);
        assertThat(mlflow.versions).hasSize(2);
    }

    @Test
    void aFileSystemThatHangsHoldsUpNothingEither() {
        CountDownLatch released = new CountDownLatch(1);
        FileSystem hanging = new FilterFileSystem(files) {
            @Override
            public FileStatus[] listStatus(org.apache.hadoop.fs.Path path) throws IOException {
                boolean isHeld = true;
                while (isHeld) {
                    try {
                        released.await();
                        isHeld = false;
                    } catch (InterruptedException e) {
                        // Like a file system that takes no notice.
                    }
                }
                return super.listStatus(path);
            }
        };
        org.apache.hadoop.fs.Path folder = new org.apache.hadoop.fs.Path(root.toString(), "mlflow");
        MlflowMirror held = new MlflowMirror(target().withTimes(Duration.ofMillis(400), SHORT), hanging, folder);
        assertThat(held.publish(publication(1, Map.of())).problem())
                .hasValueSatisfying(problem -> assertThat(problem).contains("400 ms"));
        assertThat(held.catchUp().problem())
                .hasValueSatisfying(problem -> assertThat(problem).contains("an earlier call"));
        released.countDown();
        assertThat(mirror.catchUp().isUpToDate()).isTrue();
    }

    @Test
    void aFolderThatCannotBeWrittenIsAProblemAndNoFailure() throws IOException {
        Files.writeString(root.resolve("mlflow"), "a file where the folder should be");
        assertThat(mirror.publish(publication(1, Map.of())).problem()).isPresent();
    }

    @Test
    void redirectsAreNotFollowed() throws IOException {
        try (FakeMlflow other = new FakeMlflow()) {
            mlflow.redirect = other.uri() + "api/2.0/mlflow/registered-models/create?token=" + TOKEN;
            mlflow.become(Mood.REDIRECTS);
            assertThat(mirror.publish(publication(1, Map.of())).problem())
                    .hasValueSatisfying(problem -> assertThat(problem)
                            .contains("redirects to http://127.0.0.1")
                            .doesNotContain(TOKEN));
            assertThat(other.requests).isEmpty();
        }
    }

    @Test
    void whatMlflowDoesNotTakeOfARunDoesNotHoldBackTheVersion() {
        mlflow.become(Mood.REFUSES, "runs/log-batch");
        MirrorOutcome outcome = mirror.publish(publication(1, Map.of("champion", 1)));
        assertThat(outcome.sent()).containsExactly(1);
        assertThat(outcome.refused()).hasSize(1);
        assertThat(outcome.refused().get(0)).contains("INVALID_PARAMETER_VALUE").doesNotContain("\n");
        assertThat(mlflow.aliases).isEqualTo(Map.of("champion", "101"));
    }

    @Test
    void aVersionThatIsRefusedDoesNotHoldBackOthers() throws IOException {
        mlflow.become(Mood.REFUSES, "model-versions/create");
        mirror.publish(publication(1, Map.of("champion", 1)));
        assertThat(names("pending")).containsExactly("1.json");
        Files.writeString(root.resolve("mlflow/pending/1.json"), "{\"version\": 1, ");
        mlflow.become(Mood.WELL);
        MirrorOutcome outcome = mirror.publish(publication(2, Map.of("champion", 2, "previous", 1)));
        assertThat(outcome.sent()).containsExactly(2);
        assertThat(outcome.problem())
                .hasValueSatisfying(problem -> assertThat(problem).contains("version 1"));
        assertThat(mlflow.aliases).isEqualTo(Map.of("champion", "101"));
        // Once the version comes, so does its alias.
        assertThat(mirror.publish(publication(1, Map.of("champion", 2, "previous", 1)))
                        .isUpToDate())
                .isTrue();
        assertThat(mlflow.aliases).isEqualTo(Map.of("champion", "101", "previous", "102"));
    }

    @Test
    void aliasesThatMlflowKeepsForItselfAreLeftOut() {
        MirrorOutcome outcome =
                mirror.publish(publication(1, Map.of("latest", 1, "v7", 1, "ch\u00e4mpion", 1, "champion", 1)));
        assertThat(outcome.isUpToDate()).isTrue();
        assertThat(outcome.refused()).hasSize(3);
        assertThat(mlflow.aliases).isEqualTo(Map.of("champion", "101"));
    }

    @Test
    void anAliasOfAVersionThatMlflowLacksIsTakenAwayRatherThanLeftLying() {
        mirror.publish(publication(3, Map.of("champion", 3)));
        MirrorOutcome outcome = mirror.publish(publication(3, Map.of("champion", 1)));
        assertThat(outcome.refused()).hasSize(1);
        assertThat(mlflow.aliases).isEmpty();
    }

    @Test
    void batchesKeepToTheLimits() {
        Map<String, Double> metrics = new TreeMap<>();
        for (int i = 0; i < 2_500; i++) {
            metrics.put("recall:class " + i, i / 2_500.0);
        }
        metrics.put("diverged", Double.NaN);
        Map<String, String> params = new TreeMap<>();
        for (int i = 0; i < 250; i++) {
            params.put("layer." + i, "\u00fc".repeat(7_000));
        }
        Publication large =
                new Publication(1, "hdfs:///1", metrics, params, Map.of("note", "x ".repeat(4_500)), Map.of());
        MirrorOutcome outcome = mirror.publish(large);
        assertThat(outcome.refused()).isEmpty();
        assertThat(outcome.sent()).containsExactly(1);
        JsonNode data = mlflow.runs.get("run1").path("data");
        assertThat(data.path("metrics")).hasSize(2_500);
        assertThat(data.path("params")).hasSize(250);
        assertThat(FakeMlflow.tags(mlflow.version(1).orElseThrow()).get("note")).hasSize(5_000);
    }

    @Test
    void credentialsComeIntoNoLogFileOrOutcome() throws IOException {
        List<String> shown = new ArrayList<>();
        try (LogLines log = new LogLines(MlflowMirror.class)) {
            // The server repeats the header in its message.
            mlflow.become(Mood.FORBIDS);
            Publication careless = new Publication(
                    1,
                    "s3a://key:hunter2hunter2@bucket/pets",
                    Map.of(),
                    Map.of("data.password", "hunter2hunter2", "note", "token is " + TOKEN),
                    Map.of("url", "https://me:hunter2hunter2@host/"),
                    Map.of("champion", 1));
            shown.add(mirror.publish(careless).toString());
            shown.addAll(log.lines);
        }
        assertThat(shown.get(0)).contains("PERMISSION_DENIED");
        shown.add(target().toString());
        try (Stream<Path> all = Files.walk(root)) {
            for (Path file : all.filter(Files::isRegularFile).toList()) {
                shown.add(Files.readString(file));
            }
        }
        assertThat(names("pending")).containsExactly("1.json");
        assertThat(String.join("\n", shown)).doesNotContain(TOKEN, "hunter2");
    }
}
