package dev.convoy.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.convoy.data.source.IdxSource;
import dev.convoy.model.file.TrainedModel;
import dev.convoy.testing.Digits;
import dev.convoy.testing.JavaProcess;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What a scheduler's or a container's SIGTERM leaves of a job in a process of its own. */
@Timeout(180)
class InterruptedTest {
    private static final int ENDED_BY_SIGTERM = 128 + 15;
    private static final long POLL_MILLIS = 50;

    @TempDir
    Path folder;

    @Test
    void aJobThatIsEndedSaysSoAndKeepsItsModel() throws Exception {
        IdxSource train = Digits.trainGzip(folder);
        Path job = Files.writeString(
                folder.resolve("job.conf"),
                """
                name = digits
                data.train { format = idx, images = "%s", labels = "%s" }
                network = mlp
                train { epochs = 100000, workers = 2 }
                run.directory = "%s"
                """
                        .formatted(train.images(), train.labels(), folder.resolve("runs")));
        List<String> options = ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                .filter(option -> option.startsWith("--add-opens"))
                .toList();
        Map<String, String> environment = Map.of("SPARK_LOCAL_IP", "127.0.0.1");
        try (JavaProcess convoy = JavaProcess.start(
                options, environment, Convoy.class, "train", "--master", "local[2]", job.toString())) {
            Path model = model(convoy);
            convoy.process().destroy();
            assertThat(convoy.output()).doesNotContain("Exception in thread");
            assertThat(convoy.exitValue()).isEqualTo(ENDED_BY_SIGTERM);

            Path run = model.getParent();
            JsonNode result =
                    new ObjectMapper().readTree(run.resolve("result.json").toFile());
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
        }
    }

    /** The folder of the first model, once it is there. */
    private Path model(JavaProcess convoy) throws IOException, InterruptedException {
        while (true) {
            assertThat(convoy.process().isAlive()).as(() -> printed(convoy)).isTrue();
            try (Stream<Path> files = Files.walk(Files.createDirectories(folder.resolve("runs")))) {
                List<Path> models = files.filter(path -> path.endsWith("model/model.json"))
                        .map(Path::getParent)
                        .toList();
                if (!models.isEmpty()) {
                    return models.get(0);
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
