package dev.convoy.benchmarks;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
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

    /** Two workers under Spark, or without it. */
    static Contestant exchange(ExchangeKind kind, String arguments, Workload workload, String master, String data)
            throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-Xmx4g", "-XX:+UseParallelGC"));
        command.addAll(Machine.sparkOnJava17());
        command.addAll(List.of(
                "-Dlog4j2.configurationFile=conf/log4j2.properties",
                "-cp",
                System.getProperty("java.class.path"),
                ExchangeWorker.class.getName(),
                kind.name(),
                arguments,
                workload.name(),
                master,
                // Executors have working directories of their own.
                Path.of(data).toAbsolutePath().toString()));
        Map<String, String> environment = new HashMap<>(Machine.threads(1));
        environment.putAll(ExchangeWorker.ENVIRONMENT);
        String where = master.startsWith("local[") ? "" : ", two executors";
        return new Contestant(kind.label(arguments) + where, ExchangeWorker.WORKERS, command, environment);
    }

    /** PyTorch's DistributedDataParallel over Gloo, two processes of one thread. */
    static Contestant ddp(String python, Workload workload, String data) throws IOException {
        return new Contestant(
                "pytorch DDP over gloo, 2 processes",
                2,
                List.of(python, "benchmarks/src/main/python/ddp.py", workload.name(), data),
                Machine.threads(1));
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
            steps = (int) Math.max(3, Math.round(seconds / run(steps)));
        }
    }

    /** Trains once more and keeps the rate. */
    void measure() throws IOException {
        rates.add(replicas * Workload.BATCH / run(steps));
    }

    /** The seconds for each step. */
    private double run(int count) throws IOException {
        commands.println(count);
        String answer = answers.readLine();
        if (answer == null) {
            throw new IOException(name + " ended; its messages are above");
        }
        // Nanoseconds, and the steps really taken where they may differ from those asked for.
        String[] words = answer.split(" ");
        return Long.parseLong(words[0]) / 1e9 / (words.length > 1 ? Integer.parseInt(words[1]) : count);
    }

    /** The median of the rates, in images a second. */
    double median() {
        List<Double> sorted = rates.stream().sorted().toList();
        int half = sorted.size() / 2;
        return sorted.size() % 2 == 1 ? sorted.get(half) : (sorted.get(half - 1) + sorted.get(half)) / 2;
    }

    /** Lets all of them warm up and then measure in turns, there and back, so that nobody always follows the same one. */
    static void takeTurns(List<Contestant> contestants, int turns, double seconds) throws IOException {
        for (Contestant contestant : contestants) {
            contestant.awaitReady();
        }
        for (Contestant contestant : contestants) {
            contestant.warmUp(seconds);
        }
        List<Contestant> order = new ArrayList<>(contestants);
        for (int turn = 0; turn < turns; turn++) {
            Collections.reverse(order);
            for (Contestant contestant : order) {
                contestant.measure();
            }
        }
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
