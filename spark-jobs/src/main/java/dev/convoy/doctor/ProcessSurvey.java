package dev.convoy.doctor;

import com.sun.management.OperatingSystemMXBean;
import dev.convoy.data.ImageBatch;
import dev.convoy.data.ImageShape;
import dev.convoy.data.Normalization;
import dev.convoy.data.Printable;
import dev.convoy.data.Target;
import dev.convoy.model.Network;
import dev.convoy.model.NetworkSpec;
import dev.convoy.model.backend.ComputeBackend;
import dev.convoy.model.backend.Placement;
import dev.convoy.model.backend.Replica;
import dev.convoy.model.backend.StepKey;
import dev.convoy.model.layer.LayerSpec;
import dev.convoy.model.layer.Size2d;
import dev.convoy.storage.ProcessId;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.apache.hadoop.util.VersionInfo;
import org.apache.spark.SparkEnv;
import org.apache.spark.package$;

/** Takes down the facts of the process that it runs in. */
final class ProcessSurvey {
    private static final List<String> FLAGS = List.of("avx2", "avx512f", "avx512_bf16", "amx_bf16");
    private static final List<String> VARIABLES =
            List.of("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "GLIBC_TUNABLES", "LD_PRELOAD", "CUDA_VISIBLE_DEVICES");

    private static final String PROBE = "convoy-doctor";
    private static final int PROBED_STEPS = 3;

    private ProcessSurvey() {}

    /**
     * Looks around, and lets the backend train a small network.
     *
     * @param device where it computes
     */
    static ProcessFacts take(String backend, Placement.Device device) {
        Tried tried = tryOut(backend, device);
        Map<String, String> variables = new TreeMap<>();
        VARIABLES.forEach(
                name -> Optional.ofNullable(System.getenv(name)).ifPresent(value -> variables.put(name, value)));
        return new ProcessFacts(
                executor() + " on " + ProcessId.current().host(),
                ProcessId.current().host(),
                Map.of(
                        "convoy", ThisProcess.codeVersion(),
                        "java", System.getProperty("java.version"),
                        "spark", package$.MODULE$.SPARK_VERSION(),
                        "hadoop", VersionInfo.getVersion()),
                ThisProcess.processor().orElse("unknown"),
                flags(),
                System.getProperty("sun.jnu.encoding", "UTF-8"),
                Runtime.getRuntime().maxMemory(),
                limit(),
                free(Path.of("/dev/shm")),
                free(scratch()),
                variables,
                tried.threads,
                tried.error,
                gpus());
    }

    private static String executor() {
        String id = SparkEnv.get().executorId();
        return id.equals("driver") ? id : "executor " + id;
    }

    private static Path scratch() {
        return SparkEnv.get().blockManager().diskBlockManager().localDirs()[0].toPath();
    }

    private static long free(Path folder) {
        try {
            return Files.getFileStore(folder).getUsableSpace();
        } catch (IOException e) {
            return -1;
        }
    }

    private static List<String> flags() {
        List<String> all = Arrays.asList(ThisProcess.cpu("flags").orElse("").split(" "));
        return FLAGS.stream().filter(all::contains).toList();
    }

    /** Of the container, if Java sees that it is in one, or of the machine. */
    private static long limit() {
        return ManagementFactory.getOperatingSystemMXBean() instanceof OperatingSystemMXBean system
                ? system.getTotalMemorySize()
                : Long.MAX_VALUE;
    }

    private static List<String> gpus() {
        if (!ThisProcess.seesGpu()) {
            return List.of();
        }
        try {
            Process process = new ProcessBuilder("nvidia-smi", "--query-gpu=compute_cap", "--format=csv,noheader")
                    .redirectErrorStream(true)
                    .start();
            if (!process.waitFor(20, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                return List.of("unknown");
            }
            String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            // It also tells of drivers that do not fit, in words.
            return text.lines()
                    .map(String::strip)
                    .filter(line -> line.matches("[0-9]{1,3}\\.[0-9]{1,3}"))
                    .toList();
        } catch (IOException e) {
            return List.of("unknown");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return List.of("unknown");
        }
    }

    /** How the backend did. */
    private record Tried(int threads, String error) {}

    /** Threads of native code have the name of the thread that began them. */
    private static Tried tryOut(String backend, Placement.Device device) {
        Tried[] result = {new Tried(0, "it has not answered")};
        Thread probe = new Thread(() -> result[0] = train(backend, device), PROBE);
        probe.start();
        try {
            probe.join(TimeUnit.MINUTES.toMillis(2));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return result[0];
    }

    private static Tried train(String backend, Placement.Device device) {
        Network network = new NetworkSpec(List.of(
                        new LayerSpec.Conv2d(8, Size2d.square(5)),
                        new LayerSpec.Relu(),
                        new LayerSpec.Flatten(),
                        new LayerSpec.Dense(256),
                        new LayerSpec.Dense(2)))
                .bind(new ImageShape(1, 32, 32));
        int size = 32;
        ImageBatch batch = new ImageBatch(
                network.input(),
                LongStream.range(0, size).toArray(),
                new byte[size * network.input().size()],
                Collections.nCopies(size, Target.ofLabel(1)));
        Normalization normalization = new Normalization(new float[] {0}, new float[] {1});
        try (Replica replica = ComputeBackend.named(backend)
                .newReplica(network, normalization, new Placement(device, Placement.ANY, Placement.Precision.FP32))) {
            for (int step = 0; step < PROBED_STEPS; step++) {
                replica.train(batch, new StepKey(1, step, 0));
            }
            return new Tried(threadsNamed(PROBE), "");
        } catch (RuntimeException | LinkageError e) {
            return new Tried(0, Printable.firstLine(e));
        }
    }

    private static int threadsNamed(String name) {
        try (Stream<Path> tasks = Files.list(Path.of("/proc/self/task"))) {
            return (int) tasks.filter(task -> nameOf(task).equals(name)).count();
        } catch (IOException e) {
            return 0;
        }
    }

    private static String nameOf(Path task) {
        try {
            return Files.readString(task.resolve("comm")).strip();
        } catch (IOException e) {
            // It has just ended.
            return "";
        }
    }
}
