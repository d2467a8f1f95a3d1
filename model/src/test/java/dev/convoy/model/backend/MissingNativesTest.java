package dev.convoy.model.backend;

import static org.assertj.core.api.Assertions.assertThat;

import dev.convoy.data.ConvoyException;
import dev.convoy.data.ImageShape;
import dev.convoy.data.Normalization;
import dev.convoy.model.zoo.NamedNetwork;
import dev.convoy.testing.JavaProcess;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A class path as another platform would have it: without the natives of this one. */
class MissingNativesTest {
    @TempDir
    Path folder;

    @ParameterizedTest
    @CsvSource({"torch, pytorch-, libtorch", "dl4j, nd4j-native-, ND4J"})
    void oneLineSaysWhatIsMissing(String backend, String jar, String engine) throws IOException, InterruptedException {
        String classPath = Stream.of(System.getProperty("java.class.path").split(":"))
                .filter(entry -> !entry.matches(".*/" + jar + "[^/]*linux[^/]*"))
                .collect(Collectors.joining(":"));
        // Natives that other runs have unpacked do not count.
        List<String> options = List.of("-Dconvoy.natives=" + folder, "-cp", classPath);
        try (JavaProcess process = JavaProcess.start(options, Map.of(), MissingNativesTest.class, backend)) {
            assertThat(process.output()).contains("refused: Cannot load the natives of " + engine + " for Linux");
        }
    }

    /** The process that is watched. */
    public static void main(String[] arguments) {
        try {
            ComputeBackend.named(arguments[0])
                    .newReplica(
                            NamedNetwork.MLP.spec(2).bind(new ImageShape(1, 2, 2)),
                            new Normalization(new float[] {0}, new float[] {1}));
        } catch (ConvoyException e) {
            System.out.println("refused: " + e.getMessage());
        }
    }
}
