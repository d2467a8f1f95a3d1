package dev.convoy.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The README's training command on all of MNIST; takes minutes and fetches the data. */
@Tag("full-data")
class FullMnistIT {
    @TempDir
    Path folder;

    @Test
    void lenetReaches991InFiveEpochs() throws Exception {
        Path root = Path.of(System.getProperty("convoy.root"));
        Process training = new ProcessBuilder(
                        "scripts/convoy", "train", "conf/mnist-lenet.conf", "--set", "run.directory=" + folder)
                .directory(root.toFile())
                .inheritIO()
                .start();
        try {
            assertThat(training.waitFor(40, TimeUnit.MINUTES)).isTrue();
            assertThat(training.exitValue()).isZero();
        } finally {
            training.descendants().forEach(ProcessHandle::destroyForcibly);
            training.destroyForcibly();
        }
        try (Stream<Path> runs = Files.list(folder)) {
            List<Path> all = runs.toList();
            assertThat(all).hasSize(1);
            JsonNode result = new ObjectMapper()
                    .readTree(all.get(0).resolve("result.json").toFile());
            assertThat(result.at("/epochs").asInt()).isLessThanOrEqualTo(5);
            assertThat(result.at("/data/train/examples").asInt()).isEqualTo(60_000);
            assertThat(result.at("/data/test/examples").asInt()).isEqualTo(10_000);
            assertThat(result.at("/test/accuracy").asDouble()).isGreaterThanOrEqualTo(0.991);
        }
    }
}
