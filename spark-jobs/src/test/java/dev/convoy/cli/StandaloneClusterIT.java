package dev.convoy.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.convoy.data.source.IdxSource;
import dev.convoy.retrain.Outcome;
import dev.convoy.testing.Digits;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The shipped jar as users run it: alone in local mode, and through spark-submit on a standalone master and worker. */
@Timeout(value = 8, unit = TimeUnit.MINUTES)
@Execution(ExecutionMode.CONCURRENT)
class StandaloneClusterIT {
    private static final Path TARGET =
            Path.of(System.getProperty("convoy.root"), "spark-jobs/target").toAbsolutePath();
    private static final String JAR = TARGET.resolve("convoy.jar").toString();
    private static final Pattern MASTER_URL = Pattern.compile("Starting Spark master at (spark://\\S+)");
    private static final Pattern WORKER_READY = Pattern.compile("(Successfully registered with master)");

    @TempDir
    Path folder;

    private final List<Process> processes = new ArrayList<>();
    private String provided;
    private Path configuration;

    @BeforeEach
    void configure() throws IOException {
        provided = Files.readString(TARGET.resolve("provided-classpath.txt")).strip();
        Files.createDirectories(folder.resolve("spark/jars"));
        IdxSource train = Digits.train(folder);
        IdxSource test = Digits.test(folder);
        configuration = Files.writeString(
                folder.resolve("job.conf"),
                """
                name = digits
                data {
                  train { format = idx, images = "%s", labels = "%s" }
                  test { format = idx, images = "%s", labels = "%s" }
                  batch-size = 32
                }
                network = lenet
                sync.local-steps = 4
                train { epochs = 1, workers = 2 }
                """
                        .formatted(train.images(), train.labels(), test.images(), test.labels()));
    }

    @AfterEach
    void endProcesses() throws InterruptedException {
        for (Process process : processes) {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly().waitFor(30, TimeUnit.SECONDS);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"dl4j", "torch"})
    void aSubmittedJobGivesTheSameBitsAsLocalMode(String backend) throws Exception {
        String log4j = "-Dlog4j2.configurationFile=" + System.getProperty("convoy.root") + "/conf/log4j2.properties";
        List<String> job = List.of(
                "train", configuration.toString(), "--set", "backend.name=" + backend, "--set", "run.directory=");
        Path local = folder.resolve("local");
        run(java(List.of(log4j), JAR + ":" + provided, "dev.convoy.cli.Convoy", withDirectory(job, local)));

        String master = start(
                MASTER_URL,
                java(
                        List.of(),
                        provided,
                        "org.apache.spark.deploy.master.Master",
                        List.of("--host", "127.0.0.1", "--port", "0", "--webui-port", "0")));
        start(
                WORKER_READY,
                java(
                        List.of(),
                        provided,
                        "org.apache.spark.deploy.worker.Worker",
                        List.of(
                                "--host",
                                "127.0.0.1",
                                "--webui-port",
                                "0",
                                "--cores",
                                "2",
                                "--memory",
                                "2g",
                                "--work-dir",
                                folder.resolve("work").toString(),
                                master)));
        Path submitted = folder.resolve("submitted");
        List<String> submit = new ArrayList<>(List.of(
                "--master",
                master,
                "--class",
                "dev.convoy.cli.Convoy",
                "--conf",
                "spark.executor.cores=1",
                "--conf",
                "spark.executor.memory=1g",
                "--conf",
                "spark.ui.enabled=false",
                "--conf",
                "spark.executor.extraClassPath=" + provided,
                JAR));
        submit.addAll(withDirectory(job, submitted));
        run(java(List.of(log4j), provided, "org.apache.spark.deploy.SparkSubmit", submit));

        assertThat(Files.readAllBytes(only(submitted).resolve("model/weights.safetensors")))
                .isEqualTo(Files.readAllBytes(only(local).resolve("model/weights.safetensors")));
        JsonNode result = new ObjectMapper()
                .readTree(only(submitted).resolve("result.json").toFile());
        assertThat(result.at("/status").asText()).isEqualTo("COMPLETED");
        assertThat(result.at("/ledger/0/trained").asInt()).isEqualTo(Digits.TRAIN);
    }

    /** In one group over shared memory, and in two over Gloo, whose threads are native. */
    @ParameterizedTest
    @ValueSource(strings = {"host", "executor"})
    void afterAllReduceNoProcessLingers(String sharing) throws Exception {
        List<String> job = List.of(
                "train",
                configuration.toString(),
                "--master",
                "local-cluster[2,1,1024]",
                "--set",
                "sync.transport=all-reduce",
                "--set",
                "sync.shared-memory=" + sharing,
                "--set",
                "run.directory=" + folder.resolve("runs"));
        List<String> options = List.of(
                "-Dlog4j2.configurationFile=" + System.getProperty("convoy.root") + "/conf/log4j2.properties",
                "-Dspark.executor.memory=1g",
                "-Dspark.ui.enabled=false",
                "-Dspark.executor.extraClassPath=" + JAR + ":" + provided);
        Path log = folder.resolve("log");
        Process process = java(options, JAR + ":" + provided, "dev.convoy.cli.Convoy", job)
                .redirectOutput(log.toFile())
                .directory(folder.toFile())
                .start();
        processes.add(process);
        Set<ProcessHandle> executors = new HashSet<>();
        long began = System.nanoTime();
        while (!process.waitFor(50, TimeUnit.MILLISECONDS)) {
            process.descendants().forEach(executors::add);
            assertThat(System.nanoTime() - began).as("nanoseconds").isLessThan(TimeUnit.MINUTES.toNanos(3));
        }
        assertThat(process.exitValue()).as(Files.readString(log)).isZero();
        assertThat(Files.readString(log)).contains("run: ");
        assertThat(executors).hasSizeGreaterThanOrEqualTo(2);
        for (ProcessHandle executor : executors) {
            executor.onExit().get(30, TimeUnit.SECONDS);
        }
    }

    /** In client mode the process is the scheduler's own child. */
    @Test
    void aSubmittedNightEndsWithTheCodeOfItsOutcome() throws Exception {
        List<String> night = List.of(
                "--master",
                "local[2]",
                "--class",
                "dev.convoy.cli.Convoy",
                "--conf",
                "spark.ui.enabled=false",
                JAR,
                "retrain",
                configuration.toString(),
                "--set",
                "data.test=null",
                "--set",
                "data.split.test=0.2",
                "--set",
                "retrain.gate.floor=1",
                "--set",
                "run.directory=" + folder.resolve("runs"),
                "--set",
                "registry.directory=" + folder.resolve("registry"));
        for (Outcome outcome : List.of(Outcome.REJECTED, Outcome.NOOP)) {
            Path output = folder.resolve("output");
            ProcessBuilder submit = java(List.of(), provided, "org.apache.spark.deploy.SparkSubmit", night);
            assertThat(status(submit.redirectOutput(output.toFile())))
                    .as(() -> text(output))
                    .isEqualTo(outcome.exitCode());
        }
    }

    private static String text(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            return e.toString();
        }
    }

    @Test
    void mistakesEndInOneLineAndAStatus() throws Exception {
        Path output = folder.resolve("output");
        assertThat(status(output, "train", folder + "/none.conf")).isEqualTo(1);
        assertThat(Files.readString(output))
                .isEqualTo("error: Cannot find the configuration " + folder + "/none.conf; check the path\n");
        assertThat(status(output, "train", configuration.toString(), "--set", "train.epochz=3"))
                .isEqualTo(1);
        assertThat(Files.readString(output)).contains("did you mean epochs").hasLineCount(1);
        assertThat(status(output, "train", configuration.toString(), "--set", "data.test.images=/none"))
                .isEqualTo(1);
        assertThat(Files.readString(output))
                .contains("error: Cannot find /none")
                .hasLineCount(1);
        assertThat(status(output, "trian")).isEqualTo(2);
    }

    private int status(Path output, String... arguments) throws Exception {
        String log4j = "-Dlog4j2.configurationFile=" + System.getProperty("convoy.root") + "/conf/log4j2.properties";
        // Another Spark on this machine may have the usual port, which Spark would remark on.
        List<String> options = List.of(log4j, "-Dspark.ui.enabled=false");
        ProcessBuilder builder = java(options, JAR + ":" + provided, "dev.convoy.cli.Convoy", List.of(arguments));
        // Java itself would remark on it.
        builder.environment().remove("JDK_JAVA_OPTIONS");
        return status(builder.redirectOutput(output.toFile()).directory(folder.toFile()));
    }

    private int status(ProcessBuilder builder) throws Exception {
        Process process = builder.start();
        processes.add(process);
        assertThat(process.waitFor(2, TimeUnit.MINUTES)).isTrue();
        return process.exitValue();
    }

    private static List<String> withDirectory(List<String> job, Path directory) {
        List<String> arguments = new ArrayList<>(job);
        arguments.set(arguments.size() - 1, arguments.get(arguments.size() - 1) + directory);
        return arguments;
    }

    private static Path only(Path runs) throws IOException {
        try (Stream<Path> all = Files.list(runs)) {
            List<Path> found = all.toList();
            assertThat(found).hasSize(1);
            return found.get(0);
        }
    }

    private ProcessBuilder java(List<String> options, String classPath, String main, List<String> arguments) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin/java").toString());
        command.addAll(List.of(System.getProperty("convoy.java17").strip().split("\\s+")));
        command.addAll(options);
        command.addAll(List.of("-cp", classPath, main));
        command.addAll(arguments);
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().put("SPARK_HOME", folder.resolve("spark").toString());
        builder.environment().put("SPARK_SCALA_VERSION", "2.12");
        builder.environment().put("SPARK_LOCAL_IP", "127.0.0.1");
        builder.environment().put("SPARK_LOCAL_HOSTNAME", "localhost");
        return builder;
    }

    private void run(ProcessBuilder builder) throws Exception {
        Path log = Files.createTempFile(folder, "job", ".log");
        Process process = builder.redirectOutput(log.toFile()).start();
        processes.add(process);
        assertThat(process.waitFor(5, TimeUnit.MINUTES)).isTrue();
        assertThat(process.exitValue()).as(Files.readString(log)).isZero();
    }

    /** Starts a daemon and waits for a line of its log; gives back what the line's group holds. */
    private String start(Pattern ready, ProcessBuilder builder) throws Exception {
        Process process = builder.start();
        processes.add(process);
        StringBuilder log = new StringBuilder();
        var reader = process.inputReader();
        for (String line = reader.readLine(); line != null; line = reader.readLine()) {
            log.append(line).append('\n');
            Matcher matcher = ready.matcher(line);
            if (matcher.find()) {
                // What follows must be read by somebody, else the daemon would block on a full pipe.
                Thread drain = new Thread(() -> reader.lines().forEach(rest -> {}));
                drain.setDaemon(true);
                drain.start();
                return matcher.group(1);
            }
        }
        throw new AssertionError("The daemon ended: " + log);
    }
}
