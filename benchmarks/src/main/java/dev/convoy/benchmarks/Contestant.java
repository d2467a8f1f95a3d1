package dev.convoy.benchmarks;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** A process that trains on command and waits for the next one: contestants take turns, each with the machine to itself. */
final class Contestant implements AutoCloseable {
    private final String name;
    private final int replicas;
    private final Process process;
    private final BufferedReader answers;
    private final PrintStream commands;
    private final List<Double> rates = new ArrayList<>();
    private int steps = 1;

    private Contestant(String name, int replicas, List<String> command, Map<String, String> environment)
            throws IOException {
        this.name = name;
        this.replicas = replicas;
        ProcessBuilder builder = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT);
        builder.environment().putAll(environment);
        this.process = builder.start();
        this.answers = process.inputReader();
        this.commands = new PrintStream(process.getOutputStream(), true);
    }

    /** An engine of this JVM's class path. */
    static Contestant java(Engine.Kind kind, Workload workload, int replicas, int openMpThreads) throws IOException {
        String name = kind.label() + ", " + replicas + (replicas == 1 ? " replica" : " replicas")
                + (openMpThreads == 1 ? "" : " of " + openMpThreads + " threads");
        return new Contestant(
                name,
                replicas,
                List.of(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx2g",
                        "-cp",
                        System.getProperty("java.class.path"),
                        EngineWorker.class.getName(),
                        kind.name(),
                        workload.name(),
                        String.valueOf(replicas)),
                Machine.threads(openMpThreads));
    }

    /** PyTorch in one Python process. */
    static Contestant python(String python, Workload workload, int threads) throws IOException {
        return new Contestant(
                "pytorch, 1 process of " + threads + " threads",
                1,
                List.of(python, "benchmarks/src/main/python/engine.py", workload.name(), String.valueOf(threads)),
                Machine.threads(threads));
    }

    String name() {
        return name;
    }

    List<Double> rates() {
        return rates;
    }

    /** Waits until everything is built. */
    void awaitReady() throws IOException {
        String ready = answers.readLine();
        if (!"ready".equals(ready)) {
            throw new IOException(name + " did not start: it said " + ready);
        }
    }

    /** Warms up, and finds how many steps fill the time. */
    void warmUp(double seconds) throws IOException {
        steps = 3;
        for (int i = 0; i < 3; i++) {
            double took = run(steps);
            steps = (int) Math.max(3, Math.round(steps * seconds / took));
        }
    }

    /** Trains once more and keeps the rate. */
    void measure() throws IOException {
        rates.add((double) steps * replicas * Workload.BATCH / run(steps));
    }

    private double run(int count) throws IOException {
        commands.println(count);
        String answer = answers.readLine();
        if (answer == null) {
            throw new IOException(name + " ended; its messages are above");
        }
        return Long.parseLong(answer) / 1e9;
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
