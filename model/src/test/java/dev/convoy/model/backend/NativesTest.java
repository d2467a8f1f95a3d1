package dev.convoy.model.backend;

import static org.assertj.core.api.Assertions.assertThat;

import dev.convoy.data.ConvoyException;
import dev.convoy.data.ImageShape;
import dev.convoy.data.Normalization;
import dev.convoy.data.SourceImage;
import dev.convoy.data.decode.ImageDecoder;
import dev.convoy.model.TestBatches;
import dev.convoy.model.zoo.NamedNetwork;
import dev.convoy.testing.JavaProcess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The first start on a machine, where no native library has been unpacked yet; in processes of their own. */
class NativesTest {
    private static final ImageShape SHAPE = new ImageShape(1, 2, 2);

    /** Where names of files can have such letters, as people's names do. */
    private static final String ODD_NAME =
            "UTF-8".equals(System.getProperty("sun.jnu.encoding")) ? "Jos\u00e9 M\u00fcller" : "Jose Muller";

    @TempDir
    Path folder;

    @Test
    void tenProcessesStartAtOnceOnAnEmptyFolder() throws IOException, InterruptedException {
        Path natives = folder.resolve("natives");
        List<JavaProcess> started = new ArrayList<>();
        try {
            for (int i = 0; i < 10; i++) {
                started.add(start(Map.of(), natives, "torch"));
            }
            for (JavaProcess process : started) {
                assertThat(process.output()).endsWith("trained\n");
                assertThat(process.exitValue()).isZero();
            }
        } finally {
            for (JavaProcess process : started) {
                process.close();
            }
        }
        try (Stream<Path> made = Files.list(natives)) {
            Path unpacked = made.toList().get(0);
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(unpacked)))
                    .isEqualTo("rwx------");
            try (Stream<Path> files = Files.walk(unpacked)) {
                assertThat(files.map(Path::toString)).noneMatch(name -> name.endsWith(".tmp"));
            }
        }
    }

    /** Files of those names that are no libtorch, where the system's loader looks first. */
    @Test
    void othersInTheLoadersPathAreNotTaken() throws IOException, InterruptedException {
        for (String name : List.of("libtorch_cpu.so", "libc10.so", "libopenblas.so.0", "libgomp.so.1")) {
            Files.copy(anyLibrary(), folder.resolve(name));
        }
        Map<String, String> path = Map.of("LD_LIBRARY_PATH", folder.toString());
        for (String backend : List.of("torch", "dl4j")) {
            try (JavaProcess process = start(path, folder.resolve(ODD_NAME), backend)) {
                assertThat(process.output()).endsWith("trained\n");
            }
        }
    }

    @Test
    void oneThatIsThereAlreadyIsNamed() throws IOException, InterruptedException {
        Path foreign = Files.copy(anyLibrary(), folder.resolve("libopenblas.so.0"));
        try (JavaProcess process =
                start(Map.of("LD_PRELOAD", foreign.toString()), folder.resolve("natives"), "torch")) {
            assertThat(process.output())
                    .contains("refused: Cannot use native libraries: this process has loaded " + foreign + " beside"
                            + " Convoy's own " + folder.resolve("natives"));
        }
    }

    @Test
    void aFolderThatCannotBeMadeIsNamed() throws IOException, InterruptedException {
        Path file = Files.createFile(folder.resolve("file"));
        try (JavaProcess process = start(Map.of(), file, "torch")) {
            assertThat(process.output())
                    .contains("refused: Cannot unpack native libraries")
                    .contains(file.toString())
                    .contains("CONVOY_NATIVES");
        }
    }

    /** A small library of the system's, in place of a foreign build. */
    private static Path anyLibrary() {
        return Stream.of("/lib/x86_64-linux-gnu/libutil.so.1", "/usr/lib64/libutil.so.1", "/lib64/libutil.so.1")
                .map(Path::of)
                .filter(Files::exists)
                .findFirst()
                .orElseThrow();
    }

    private static JavaProcess start(Map<String, String> environment, Path natives, String backend) throws IOException {
        return JavaProcess.start(
                List.of("-Xmx256m", "-Dconvoy.natives=" + natives), environment, NativesTest.class, backend);
    }

    /** The process that is watched. */
    public static void main(String[] arguments) throws Exception {
        try (Replica replica = ComputeBackend.named(arguments[0])
                .newReplica(
                        NamedNetwork.MLP.spec(2).bind(SHAPE), new Normalization(new float[] {0}, new float[] {1}))) {
            replica.train(TestBatches.classes(SHAPE, 4, 2), new StepKey(1, 0, 0));
            ImageDecoder.asFile(new SourceImage.Data.Pixels(SHAPE, new byte[SHAPE.size()]));
            System.out.println("trained");
        } catch (ConvoyException e) {
            System.out.println("refused: " + e.getMessage());
        }
    }
}
