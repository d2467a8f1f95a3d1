package dev.convoy.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.convoy.model.file.TrainedModel;
import dev.convoy.testing.ArchivedClassPath;
import dev.convoy.testing.DigitsJob;
import dev.convoy.testing.JavaProcess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.apache.commons.lang3.StringUtils;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What a scheduler's or a container's SIGTERM leaves of a job in a process of its own. */
@Timeout(180)
class InterruptedTest {
    private static final long POLL_MILLIS = 50;

    @TempDir
    Path folder;

    /** What a process is told to end by, and with what it then ends: 128 and the signal's number. */
    private enum Signal {
        TERM(15),
        INT(2);

        private final int number;

        Signal(int number) {
            this.number = number;
        }

        /** Whether this process was started to ignore it, where that can be told. */
        boolean isIgnored() throws IOException {
            Path status = Path.of("/proc/self/status");
            if (!Files.exists(status)) {
                return false;
            }
            String line = Files.readAllLines(status).stream()
                    .filter(found -> found.startsWith("SigIgn:"))
                    .findFirst()
                    .orElseThrow();
            return (Long.parseUnsignedLong(StringUtils.substringAfter(line, ":").strip(), 16) >> (number - 1) & 1) == 1;
        }

        void sendTo(Process process) throws IOException, InterruptedException {
            assertThat(new ProcessBuilder("kill", "-" + name(), String.valueOf(process.pid()))
                            .start()
                            .waitFor())
                    .isZero();
        }
    }

    private JavaProcess start(int epochs, String... more) throws IOException {
        Path job = DigitsJob.write(folder, epochs);
        List<String> arguments = new ArrayList<>(List.of("train", "--master", "local[2]", job.toString()));
        arguments.addAll(List.of(more));
        return JavaProcess.start(
                ArchivedClassPath.options(),
                Map.of("SPARK_LOCAL_IP", "127.0.0.1"),
                Convoy.class,
                arguments.toArray(String[]::new));
    }

    @ParameterizedTest
    @EnumSource(Signal.class)
    void aJobThatIsEndedSaysSoAndKeepsItsState(Signal signal) throws Exception {
        // As in the background of a shell script; children inherit it.
        assumeThat(signal.isIgnored()).isFalse();
        try (JavaProcess convoy = start(100_000)) {
            Path model = first("model/model.json", convoy).getParent();
            signal.sendTo(convoy.process());
            assertThat(convoy.output())
                    .doesNotContain("Exception in thread")
                    .contains("The job was ended from outside");
            assertThat(convoy.exitValue()).isEqualTo(128 + signal.number);

            Path run = model.getParent();
            JsonNode result = result(run);
            assertThat(result.at("/status").asText()).isEqualTo("INTERRUPTED");
            assertThat(result.at("/error").asText())
                    .contains("was ended from outside (SIGTERM or SIGINT)", "train CONF --resume " + run);
            assertThat(Path.of(result.at("/checkpoints/last").asText()))
                    .as("the state after the last round")
                    .hasFileName("round-" + result.at("/progress/round").asText());
            assertThat(result.at("/epochs").asInt()).isPositive();
            assertThat(result.at("/ledger")).hasSize(result.at("/epochs").asInt());
            assertThat(TrainedModel.load(
                                    FileSystem.getLocal(new Configuration()),
                                    new org.apache.hadoop.fs.Path(model.toUri()))
                            .parameters())
                    .as("whole")
                    .isNotEmpty();
            assertThat(leftovers(run)).isEmpty();
        }
    }

    /** While images are read there is nothing to keep, but a run to go on with. */
    @Test
    void aJobThatIsEndedBeforeItTrainsCanBegin() throws Exception {
        Path run;
        try (JavaProcess convoy = start(1)) {
            run = first("result.json", convoy).getParent();
            Signal.TERM.sendTo(convoy.process());
            assertThat(convoy.output()).doesNotContain("Exception in thread");
            assertThat(convoy.exitValue()).isEqualTo(128 + Signal.TERM.number);
            assertThat(result(run).at("/status").asText()).isEqualTo("INTERRUPTED");
        }
        try (JavaProcess convoy = start(1, "--resume", "auto")) {
            assertThat(convoy.output()).contains("run: " + run);
            assertThat(convoy.exitValue()).isZero();
            assertThat(result(run).at("/status").asText()).isEqualTo("COMPLETED");
            assertThat(result(run).at("/attempt").asInt()).isEqualTo(2);
        }
    }

    private static JsonNode result(Path run) throws IOException {
        return new ObjectMapper().readTree(run.resolve("result.json").toFile());
    }

    /** What is written beside its place, or kept in reserve, while a job runs. */
    private static List<Path> leftovers(Path run) throws IOException {
        try (Stream<Path> files = Files.walk(run)) {
            return files.filter(path -> path.getFileName().toString().startsWith("."))
                    .toList();
        }
    }

    /** The first file of a run that is called so, once it is there. */
    private Path first(String name, JavaProcess convoy) throws IOException, InterruptedException {
        while (true) {
            assertThat(convoy.process().isAlive()).as(() -> printed(convoy)).isTrue();
            try (Stream<Path> runs = Files.list(Files.createDirectories(folder.resolve("runs")))) {
                Optional<Path> found =
                        runs.map(run -> run.resolve(name)).filter(Files::exists).findFirst();
                if (found.isPresent()) {
                    return found.get();
                }
            }
            Thread.sleep(POLL_MILLIS);
        }
    }

    private static String printed(JavaProcess convoy) {
        try {
            return convoy.output();
        } catch (IOException | InterruptedException e) {
            return e.toString();
        }
    }
}
