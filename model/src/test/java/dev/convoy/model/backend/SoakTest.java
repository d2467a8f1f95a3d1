package dev.convoy.model.backend;

import static org.assertj.core.api.Assertions.assertThat;

import dev.convoy.data.ImageBatch;
import dev.convoy.data.ImageShape;
import dev.convoy.data.Normalization;
import dev.convoy.model.ModelState;
import dev.convoy.model.Network;
import dev.convoy.model.NetworkSpec;
import dev.convoy.model.TestBatches;
import dev.convoy.model.layer.LayerSpec;
import dev.convoy.model.layer.Padding;
import dev.convoy.model.layer.Size2d;
import dev.convoy.model.optimizer.OptimizerSpec;
import dev.convoy.model.optimizer.OptimizerState;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Two hundred and forty rounds of a few small steps; what the process holds must not grow with them. */
@EnabledOnOs(OS.LINUX)
class SoakTest {
    @TempDir
    Path folder;

    @ParameterizedTest
    @ValueSource(strings = {"dl4j", "torch"})
    void memoryStaysLevel(String backend) throws Exception {
        Path output = folder.resolve("output");
        // A heap that is all there from the start, so that what changes is not heap.
        ProcessBuilder builder = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin/java").toString(),
                        "-Xms256m",
                        "-Xmx256m",
                        "-XX:+AlwaysPreTouch",
                        "-cp",
                        System.getProperty("java.class.path"),
                        SoakTest.class.getName(),
                        backend)
                .redirectErrorStream(true)
                .redirectOutput(output.toFile());
        // As the launcher has it: what is freed is kept for the next step.
        builder.environment()
                .put("GLIBC_TUNABLES", "glibc.malloc.mmap_threshold=4294967296:glibc.malloc.trim_threshold=4294967296");
        Process process = builder.start();
        try {
            assertThat(process.waitFor(3, TimeUnit.MINUTES)).isTrue();
        } finally {
            process.destroyForcibly();
        }
        List<String> lines = Files.readAllLines(output);
        assertThat(process.exitValue()).as(lines.toString()).isZero();
        long[] bytes = lines.stream()
                .filter(line -> line.startsWith("resident "))
                .mapToLong(line -> Long.parseLong(line.substring("resident ".length())))
                .toArray();
        // A leak of a batch's activations, some 700 KiB, a step would come to a quarter of a gigabyte.
        assertThat(bytes[1] - bytes[0]).isLessThan(100L << 20);
    }

    /** The process that is watched. */
    public static void main(String[] arguments) throws IOException {
        ImageShape shape = new ImageShape(1, 28, 28);
        Network network = new NetworkSpec(List.of(
                        new LayerSpec.Conv2d(8, Size2d.square(3)).withPadding(Padding.SAME),
                        new LayerSpec.BatchNorm(),
                        new LayerSpec.MaxPool(Size2d.square(2)),
                        new LayerSpec.Flatten(),
                        new LayerSpec.Dropout(0.2),
                        new LayerSpec.Dense(10)))
                .bind(shape);
        ImageBatch batch = TestBatches.classes(shape, 16, 10);
        OptimizerSpec adam = new OptimizerSpec.Adam();
        ModelState start = network.initialState(1);
        Normalization normalization = new Normalization(new float[] {0.1f}, new float[] {0.3f});
        try (Replica replica = ComputeBackend.named(arguments[0]).newReplica(network, normalization)) {
            LocalTrainer trainer = new LocalTrainer(replica, network, adam);
            for (int round = 1; round <= 240; round++) {
                trainer.load(start, OptimizerState.NONE);
                for (int step = 0; step < 3; step++) {
                    trainer.step(batch, new StepKey(1, step, 0), 1e-3);
                }
                replica.outputs(batch);
                if (round % 120 == 0) {
                    System.gc();
                    System.out.println("resident " + residentBytes());
                }
            }
        }
    }

    private static long residentBytes() throws IOException {
        return Files.readAllLines(Path.of("/proc/self/status")).stream()
                .filter(line -> line.startsWith("RssAnon"))
                .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) << 10)
                .findFirst()
                .orElseThrow();
    }
}
