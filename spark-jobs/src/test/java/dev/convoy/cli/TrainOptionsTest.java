package dev.convoy.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.convoy.data.source.IdxSource;
import dev.convoy.testing.Digits;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Trainings that are cut short, to see that they work. */
@Timeout(120)
class TrainOptionsTest {
    @TempDir
    Path folder;

    private Path conf;
    private Path runs;

    @BeforeEach
    void describe() throws IOException {
        IdxSource train = Digits.train(folder);
        IdxSource test = Digits.test(folder);
        runs = folder.resolve("runs");
        conf = Files.writeString(
                folder.resolve("digits.conf"),
                """
                name = digits
                data {
                  train { format = idx, images = "%s", labels = "%s" }
                  test { format = idx, images = "%s", labels = "%s" }
                  batch-size = 16
                }
                network { layers = [
                  { type = conv2d, filters = 4, kernel = 5, stride = 2 }, { type = relu }, { type = flatten }
                  { type = dense, units = 10 } ] }
                optimizer.learning-rate = 0.05
                sync.local-steps = 4
                train { epochs = 2, workers = 2 }
                run.directory = "%s"
                """
                        .formatted(train.images(), train.labels(), test.images(), test.labels(), runs));
    }

    private int train(String... more) {
        List<String> arguments = new ArrayList<>(List.of("train", conf.toString(), "--master", "local[2]"));
        arguments.addAll(List.of(more));
        return Convoy.execute(arguments.toArray(String[]::new));
    }

    private Path onlyRun() throws IOException {
        try (Stream<Path> all = Files.list(runs)) {
            List<Path> found = all.toList();
            assertThat(found).hasSize(1);
            return found.get(0);
        }
    }

    private static JsonNode result(Path run) throws IOException {
        return new ObjectMapper().readTree(run.resolve("result.json").toFile());
    }

    @Test
    void aDryRunLeavesNothing() {
        assertThat(train("--dry-run")).isZero();
        assertThat(runs).isEmptyDirectory();
        assertThat(train("--dry-run", "--set", "data.resize=[2, 2]"))
                .as("kernels are larger")
                .isEqualTo(1);
        assertThat(runs).isEmptyDirectory();
    }

    @Test
    void aFastRunDoesTwoRoundsOfEverything() throws IOException {
        assertThat(train("--fast-dev-run")).isZero();
        Path run = onlyRun();
        assertThat(run.getFileName().toString()).startsWith("digits-fast-dev-run-");
        assertThat(result(run).at("/progress/round").asInt()).isEqualTo(2);
        assertThat(result(run).at("/ledger/0/trained").asInt()).isEqualTo(2 * 4 * 2 * 16);
        assertThat(result(run).at("/data/test/examples").asInt()).isEqualTo(2 * 2 * 16);
        assertThat(run.resolve("checkpoints/round-1")).isDirectory();
        assertThat(run.resolve("model/weights.safetensors")).exists();
        assertThat(run.resolve("report.html")).exists();
    }

    @Test
    void fewImagesAreLearnedByHeart() throws IOException {
        assertThat(train("--overfit", "20", "--set", "train.epochs=60")).isZero();
        JsonNode result = result(onlyRun());
        assertThat(result.at("/epochs").asInt()).isEqualTo(60);
        assertThat(result.at("/data/train/examples").asInt()).isEqualTo(20);
        assertThat(result.at("/data/test/examples").asInt()).isEqualTo(20);
        assertThat(result.at("/test/accuracy").asDouble()).isEqualTo(1);
    }

    @Test
    void aLearningRateIsSuggested() throws IOException {
        assertThat(train("--find-rate")).isZero();
        Path run = onlyRun();
        assertThat(result(run).at("/suggestedRate").asDouble()).isBetween(1e-4, 1.0);
        assertThat(Files.readAllLines(run.resolve("learning-rates.csv"))).hasSizeBetween(30, 101);
        assertThat(run.resolve("model")).doesNotExist();
        assertThat(run.resolve("report.html")).content().contains("Loss by learning rate");
    }

    @Test
    void theyExcludeEachOtherAndResume() {
        assertThat(train("--dry-run", "--find-rate")).isEqualTo(2);
        assertThat(train("--fast-dev-run", "--resume")).isEqualTo(1);
        assertThat(runs).doesNotExist();
    }
}
