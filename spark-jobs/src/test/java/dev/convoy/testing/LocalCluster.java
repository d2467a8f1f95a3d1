package dev.convoy.testing;

import static org.assertj.core.api.Assertions.assertThat;

import dev.convoy.train.allreduce.SegmentProgressPlugin;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaSparkContext;

/** Real executors, each a process of its own, on this machine. */
public final class LocalCluster {
    private LocalCluster() {}

    public static void killAnExecutor() {
        kill(anExecutor());
    }

    /** Ends a process at once, and waits until it is gone. */
    public static void kill(ProcessHandle process) {
        process.destroyForcibly();
        process.onExit().orTimeout(30, TimeUnit.SECONDS).join();
    }

    /** One of two executors. */
    public static ProcessHandle anExecutor() {
        // Under local-cluster the only Java processes below this one are executors.
        List<ProcessHandle> executors = ProcessHandle.current()
                .descendants()
                .filter(process -> process.info().command().orElse("").endsWith("java"))
                .toList();
        assertThat(executors).hasSize(2);
        return executors.get(0);
    }

    /** Holds a process where it is, until it is released. */
    public static void hold(ProcessHandle process) {
        assertThat(signal(process, "STOP")).isZero();
    }

    /** Lets a process go on; does nothing if it has ended. */
    public static void release(ProcessHandle process) {
        if (signal(process, "CONT") != 0) {
            process.onExit().orTimeout(30, TimeUnit.SECONDS).join();
        }
    }

    private static int signal(ProcessHandle process, String name) {
        try {
            Process kill = new ProcessBuilder("kill", "-" + name, Long.toString(process.pid())).start();
            assertThat(kill.waitFor(30, TimeUnit.SECONDS)).isTrue();
            return kill.exitValue();
        } catch (IOException | InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    /** Whether no process on this machine has asked for this file before; it is made then. */
    static boolean isFirst(Path file) {
        try {
            Files.createFile(file);
            return true;
        } catch (FileAlreadyExistsException e) {
            return false;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * Two executors, of which the first that comes to a step of worker 1 with the backend {@link FaultyBackend} ends
     * its process.
     *
     * @param file notes that it was done, and must not exist
     */
    public static SparkConf halting(int step, Path file) {
        return new SparkConf()
                .setMaster("local-cluster[2,1,1024]")
                .set(
                        "spark.executor.extraJavaOptions",
                        "-Dconvoy.test.backend=" + Training.BACKEND + " -D" + FaultyBackend.HALT_STEP + "=" + step
                                + " -D" + FaultyBackend.HALT_FILE + "=" + file);
    }

    public static JavaSparkContext context(String master) throws IOException {
        return context(new SparkConf().setMaster(master));
    }

    public static JavaSparkContext context(SparkConf conf) throws IOException {
        Files.createDirectories(Path.of(System.getenv("SPARK_HOME"), "jars"));
        if (conf.get("spark.master").startsWith("local-cluster")) {
            String options = conf.get("spark.executor.extraJavaOptions", "");
            conf.set("spark.executor.extraClassPath", ArchivedClassPath.get())
                    .set("spark.executor.extraJavaOptions", options + " \"" + ArchivedClassPath.option() + "\"");
        }
        return new JavaSparkContext(conf.setAppName("cluster test")
                .set("spark.ui.enabled", "false")
                .setIfMissing("spark.plugins", SegmentProgressPlugin.class.getName())
                .set("spark.driver.host", "127.0.0.1")
                .set("spark.driver.bindAddress", "127.0.0.1")
                .set("spark.executorEnv.SPARK_LOCAL_IP", "127.0.0.1"));
    }
}
