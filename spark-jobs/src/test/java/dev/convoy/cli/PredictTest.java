package dev.convoy.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.convoy.data.ImageShape;
import dev.convoy.data.Normalization;
import dev.convoy.data.decode.Preparation;
import dev.convoy.model.ModelState;
import dev.convoy.model.Network;
import dev.convoy.model.file.TrainedModel;
import dev.convoy.model.zoo.NamedNetwork;
import dev.convoy.testing.Digits;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class PredictTest {
    @TempDir
    Path folder;

    @BeforeEach
    void save() throws IOException {
        Network network = NamedNetwork.MLP.spec(10).bind(new ImageShape(1, 28, 28));
        ModelState state = network.initialState(7);
        List<String> names = IntStream.range(0, 10).mapToObj(Integer::toString).toList();
        Normalization normalization = new Normalization(new float[] {0.1f}, new float[] {0.3f});
        new TrainedModel(network, names, normalization, Preparation.ANY, state.parameters(), state.buffers())
                .save(
                        FileSystem.getLocal(new Configuration()),
                        new org.apache.hadoop.fs.Path(folder.resolve("model").toString()));
    }

    private int predict(Path input, String... more) {
        List<String> arguments = new ArrayList<>(List.of("predict", "--master", "local[2]"));
        arguments.addAll(List.of(folder.resolve("model").toString(), input.toString()));
        arguments.addAll(List.of(more));
        return Convoy.execute(arguments.toArray(String[]::new));
    }

    @Test
    void valuesAreTakenAsTheDocumentsWriteThem() throws IOException {
        Path tree = Digits.testFolder(folder);
        Path out = folder.resolve("out");
        assertThat(predict(tree, "--format", "csv", "--fit", "crop", "--top", "2", "--output", out.toString()))
                .isZero();
        List<String> rows = new ArrayList<>();
        try (var parts = Files.newDirectoryStream(out, "part-*.csv")) {
            for (Path part : parts) {
                rows.addAll(Files.readAllLines(part));
            }
        }
        assertThat(rows).hasSize(Digits.TEST).allMatch(row -> row.split(",", -1).length == 6);
        assertThat(predict(tree)).as("printed").isZero();
        assertThat(predict(tree, "--output", out.toString())).as("it exists").isEqualTo(1);
        assertThat(predict(tree, "--format", "xml")).isEqualTo(2);
        assertThat(predict(folder.resolve("none"))).isEqualTo(1);
    }
}
