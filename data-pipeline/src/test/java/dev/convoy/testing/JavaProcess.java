package dev.convoy.testing;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** A Java process that a test starts, with this one's class path unless told otherwise. Closing ends it. */
public final class JavaProcess implements AutoCloseable {
    private static final int MINUTES = 3;

    private final Process process;
    private final Path output;

    private JavaProcess(Process process, Path output) {
        this.process = process;
        this.output = output;
    }

    /**
     * Starts one.
     *
     * @param options of the JVM
     * @param environment over this process's own; an empty value removes a variable
     */
    public static JavaProcess start(
            List<String> options, Map<String, String> environment, Class<?> main, String... arguments)
            throws IOException {
        Path output = Files.createTempFile("convoy-test-", ".log");
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin/java").toString());
        if (!options.contains("-cp")) {
            command.addAll(List.of("-cp", System.getProperty("java.class.path")));
        }
        command.addAll(options);
        command.add(main.getName());
        command.addAll(List.of(arguments));
        ProcessBuilder builder =
                new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(output.toFile());
        builder.environment().putAll(environment);
        builder.environment().values().removeIf(String::isEmpty);
        return new JavaProcess(builder.start(), output);
    }

    /** Waits for its end; what it has printed. */
    public String output() throws IOException, InterruptedException {
        if (!process.waitFor(MINUTES, TimeUnit.MINUTES)) {
            throw new IllegalStateException("The process has not ended; it printed " + Files.readString(output));
        }
        return Files.readString(output);
    }

    /** Of a process that has ended. */
    public int exitValue() {
        return process.exitValue();
    }

    public Process process() {
        return process;
    }

    @Override
    public void close() throws IOException {
        process.destroyForcibly();
        Files.deleteIfExists(output);
    }
}
