package dev.convoy.collective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.convoy.data.ConvoyException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.TimeUnit;
import org.bytedeco.javacpp.Loader;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A graphics card is not at hand where tests run; that NCCL is refused, and why, can be told all the same. */
class CollectiveBackendTest {
    private static final String NATIVES = "org/bytedeco/pytorch/" + Loader.getPlatform() + "-gpu/libjnitorch_nccl.so";

    @TempDir
    Path folder;

    @Test
    void withoutItsNativesTheProfileIsNamed() {
        assumeTrue(getClass().getResource("/" + NATIVES) == null, "Natives of the profile torch-cuda are here");
        List<CollectiveShape.Member> members =
                List.of(new CollectiveShape.Member("a", List.of(0)), new CollectiveShape.Member("b", List.of(1)));
        CollectiveShape shape = new CollectiveShape(
                members, 1, 0, 0, 1, List.of(), MemoryUse.first(), CollectiveBackend.NCCL, Compression.NONE, 1);
        assertThatThrownBy(() ->
                        new Collective(0, shape, "127.0.0.1", OptionalInt.empty(), message -> List.of(), () -> false))
                .isInstanceOf(ConvoyException.class)
                .hasMessageContaining("Cannot use the network backend nccl")
                .hasMessageContaining("mvn package -Ptorch-cuda");
        CollectiveBackend.GLOO.checkClassPath();
    }

    /** Natives that are there in name, as far as a class path tells. */
    @Test
    void withoutAGpuOrNcclTheMachineIsNamed() throws IOException, InterruptedException {
        Files.createDirectories(folder.resolve(NATIVES).getParent());
        Files.createFile(folder.resolve(NATIVES));
        Path output = folder.resolve("output");
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin/java").toString(),
                        "-cp",
                        folder + ":" + System.getProperty("java.class.path"),
                        CollectiveBackendTest.class.getName())
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        try {
            assertThat(process.waitFor(1, TimeUnit.MINUTES)).isTrue();
        } finally {
            process.destroyForcibly();
        }
        assertThat(Files.readString(output))
                .contains("refused: Cannot use the network backend nccl: a replica on host1 computes on the CPU")
                .contains("check nvidia-smi on that machine, or use the network backend gloo")
                .contains("refused: Cannot load NCCL on host2")
                .contains("install NCCL 2 for CUDA 13 there");
    }

    /** The process that is watched. */
    public static void main(String[] arguments) {
        refuse("host1", OptionalInt.empty());
        refuse("host2", OptionalInt.of(0));
    }

    private static void refuse(String address, OptionalInt gpu) {
        try {
            CollectiveBackend.NCCL.check(address, gpu);
        } catch (ConvoyException e) {
            System.out.println("refused: " + e.getMessage());
        }
    }
}
