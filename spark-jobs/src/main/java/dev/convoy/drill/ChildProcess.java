package dev.convoy.drill;

import dev.convoy.data.ConvoyException;
import java.io.File;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.apache.hadoop.util.ShutdownHookManager;

/** A process of this program, with this one's JVM, options, class path, environment and Spark settings. Closing ends it. */
final class ChildProcess implements AutoCloseable {
    private static final String MAIN = "dev.convoy.cli.Convoy";
    private static final int LINES_SHOWN = 5;

    /** What Kubernetes gives a container that is told to end. */
    private static final long GRACE_SECONDS = 30;

    private final Process process;
    private final Path options;
    private final Path output;
    /** Who is told to end a drill does not leave its trainings behind. */
    private final Thread hook;

    private ChildProcess(Process process, Path options, Path output) {
        this.process = process;
        this.options = options;
        this.output = output;
        this.hook = new Thread(process::destroyForcibly, "convoy-drill-shutdown");
        Runtime.getRuntime().addShutdownHook(hook);
    }

    /**
     * Starts one.
     *
     * @param arguments of the command line
     */
    static ChildProcess start(List<String> arguments) throws IOException {
        List<String> options =
                new ArrayList<>(ManagementFactory.getRuntimeMXBean().getInputArguments());
        // What spark-submit has set.
        System.getProperties().stringPropertyNames().stream()
                .filter(name -> name.startsWith("spark."))
                .map(name -> "-D" + name + "=" + System.getProperty(name))
                .forEach(options::add);
        options.addAll(List.of("-cp", classPath(), MAIN));
        options.addAll(arguments);
        // In a file for this user alone: everybody sees command lines, and Spark's settings may have secrets.
        Path file = Files.createTempFile("convoy-drill-", ".options");
        Files.write(file, options.stream().map(ChildProcess::quoted).toList());
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        Path output = Files.createTempFile("convoy-drill-", ".log");
        Process process = new ProcessBuilder(java, "@" + file)
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        return new ChildProcess(process, file, output);
    }

    /** As the java command reads words of a file. */
    private static String quoted(String option) {
        return '"' + option.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
    }

    /** Under spark-submit, Convoy's jar is not on the JVM's own class path. */
    private static String classPath() {
        String own = new File(ChildProcess.class
                        .getProtectionDomain()
                        .getCodeSource()
                        .getLocation()
                        .getPath())
                .getPath();
        String all = System.getProperty("java.class.path");
        return Stream.of(all.split(File.pathSeparator)).anyMatch(own::equals) ? all : own + File.pathSeparator + all;
    }

    /**
     * Waits for its end.
     *
     * @throws ConvoyException if it fails, with its last words
     */
    void finish() throws IOException, InterruptedException {
        if (process.waitFor() != 0) {
            List<String> lines = Files.readAllLines(output);
            throw new ConvoyException("Cannot go on with the drill: a training has failed; it said: "
                    + String.join(" | ", lines.subList(Math.max(0, lines.size() - LINES_SHOWN), lines.size())));
        }
    }

    /** Waits for its end for a time; whether it came. */
    boolean hasEndedWithin(double seconds) throws InterruptedException {
        return process.waitFor((long) (1000 * seconds), TimeUnit.MILLISECONDS);
    }

    /**
     * Ends it.
     *
     * @param gently by SIGTERM, otherwise by SIGKILL
     * @throws ConvoyException if it goes on for too long after SIGTERM
     */
    void end(boolean gently) throws InterruptedException {
        if (!gently) {
            process.destroyForcibly().waitFor();
            return;
        }
        process.destroy();
        if (!process.waitFor(GRACE_SECONDS, TimeUnit.SECONDS)) {
            throw new ConvoyException("Cannot go on with the drill: a training that was told to end has not done so in "
                    + GRACE_SECONDS + " s");
        }
    }

    @Override
    public void close() throws IOException {
        process.destroyForcibly();
        if (!ShutdownHookManager.get().isShutdownInProgress()) {
            Runtime.getRuntime().removeShutdownHook(hook);
        }
        Files.deleteIfExists(options);
        Files.deleteIfExists(output);
    }
}
