package dev.convoy.benchmarks.contest;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** A process that reads commands and answers each with a line. */
public final class Runner implements AutoCloseable {
    private final List<String> command;
    private final Process process;
    private final BufferedReader answers;
    private final PrintStream commands;

    private Runner(List<String> command, Map<String, String> environment) throws IOException {
        this.command = command;
        ProcessBuilder builder = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT);
        builder.environment().putAll(environment);
        this.process = builder.start();
        this.answers = process.inputReader();
        this.commands = new PrintStream(process.getOutputStream(), true);
    }

    /** Starts a process and waits until it says that it is ready. */
    public static Runner start(List<String> command, Map<String, String> environment) throws IOException {
        Runner runner = new Runner(command, environment);
        String ready = runner.answers.readLine();
        if (!"ready".equals(ready)) {
            runner.close();
            throw new IOException(command + " did not start: it said " + ready);
        }
        return runner;
    }

    /** Starts a class of this JVM's class path and waits until it says that it is ready. */
    public static Runner java(Class<?> main, List<String> arguments, Map<String, String> environment)
            throws IOException {
        return start(javaCommand(main, arguments), environment);
    }

    /** The command line that runs a class of this JVM's class path. */
    public static List<String> javaCommand(Class<?> main, List<String> arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx4g",
                "-XX:+UseParallelGC",
                "-XX:MetaspaceSize=256m"));
        command.addAll(Machine.sparkOnJava17());
        command.addAll(List.of(
                "-Dlog4j2.configurationFile=conf/log4j2.properties",
                "-cp",
                System.getProperty("java.class.path"),
                main.getName()));
        command.addAll(arguments);
        return command;
    }

    public String ask(String question) throws IOException {
        commands.println(question);
        String answer = answers.readLine();
        if (answer == null) {
            throw new IOException(command + " ended; its messages are above");
        }
        return answer;
    }

    @Override
    public void close() {
        commands.close();
        try {
            if (!process.waitFor(10, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }
}
