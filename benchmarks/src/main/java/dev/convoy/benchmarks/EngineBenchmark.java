package dev.convoy.benchmarks;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** How fast one machine takes steps, by engine. */
@Command(
        name = "engine",
        description = "Times Convoy's replicas beside bare libtorch, Deeplearning4j and PyTorch on this machine.",
        mixinStandardHelpOptions = true)
final class EngineBenchmark implements Callable<Integer> {
    @Option(names = "--rounds", description = "Turns of every contestant (default: ${DEFAULT-VALUE}).")
    private int rounds = 7;

    @Option(names = "--seconds", description = "Length of a turn (default: ${DEFAULT-VALUE}).")
    private double seconds = 2;

    @Option(names = "--output", description = "JSON file (default: ${DEFAULT-VALUE}).")
    private Path output = Path.of("benchmarks/target/engine.json");

    @Option(names = "--workload", description = "What to train: ${COMPLETION-CANDIDATES} (default: all).", split = ",")
    private List<Workload> workloads = List.of(Workload.values());

    @Option(names = "--python", description = "A Python with torch; without one, PyTorch is left out.")
    private String python;

    /**
     * One contestant's result.
     *
     * @param median images a second
     * @param rates of every turn
     * @param ratio to one bare replica
     */
    record Line(String name, double median, List<Double> rates, double ratio) {}

    @Override
    public Integer call() throws IOException {
        Map<String, Object> report = new TreeMap<>();
        report.put("machine", Machine.describe());
        report.put("versions", versions());
        report.put("settings", Map.of("batch", Workload.BATCH, "rounds", rounds, "seconds", seconds));
        report.forEach((key, value) -> System.out.println(key + ": " + value));
        for (Workload workload : workloads) {
            List<Line> lines = run(workload);
            report.put(workload.name().toLowerCase(Locale.ROOT), lines);
            System.out.printf("%n%-45s %12s %22s%n", workload, "images/s", "of bare-torch, 1");
            lines.forEach(line -> System.out.printf("%-45s %,12.0f %22.2f%n", line.name, line.median, line.ratio));
        }
        Files.createDirectories(output.toAbsolutePath().getParent());
        new ObjectMapper().writerWithDefaultPrettyPrinter().writeValue(output.toFile(), report);
        System.out.println("\nwritten: " + output);
        return 0;
    }

    private List<Line> run(Workload workload) throws IOException {
        int cores = Runtime.getRuntime().availableProcessors();
        List<Contestant> contestants = new ArrayList<>();
        try {
            contestants.add(Contestant.java(Engine.Kind.BARE_TORCH, workload, 1, 1));
            contestants.add(Contestant.java(Engine.Kind.BARE_TORCH, workload, cores, 1));
            contestants.add(Contestant.java(Engine.Kind.REPLICA_TORCH, workload, 1, 1));
            contestants.add(Contestant.java(Engine.Kind.REPLICA_TORCH, workload, cores, 1));
            contestants.add(Contestant.java(Engine.Kind.REPLICA_DL4J, workload, cores, 1));
            contestants.add(Contestant.java(Engine.Kind.BARE_DL4J, workload, 1, 1));
            contestants.add(Contestant.java(Engine.Kind.BARE_DL4J, workload, 1, cores));
            contestants.add(Contestant.java(Engine.Kind.BARE_DL4J, workload, cores, 1));
            if (python != null) {
                contestants.add(Contestant.python(python, workload, cores));
            }
            for (Contestant contestant : contestants) {
                contestant.awaitReady();
            }
            for (Contestant contestant : contestants) {
                contestant.warmUp(seconds);
            }
            for (int round = 0; round < rounds; round++) {
                // There and back, so that nobody always follows the same one.
                Collections.reverse(contestants);
                for (Contestant contestant : contestants) {
                    contestant.measure();
                }
            }
            if (rounds % 2 == 1) {
                Collections.reverse(contestants);
            }
            double bare = median(contestants.get(0).rates());
            return contestants.stream()
                    .map(one -> new Line(one.name(), median(one.rates()), one.rates(), median(one.rates()) / bare))
                    .toList();
        } finally {
            contestants.forEach(Contestant::close);
        }
    }

    private static double median(List<Double> values) {
        List<Double> sorted = values.stream().sorted().toList();
        int half = sorted.size() / 2;
        return sorted.size() % 2 == 1 ? sorted.get(half) : (sorted.get(half - 1) + sorted.get(half)) / 2;
    }

    private Map<String, String> versions() throws IOException {
        Map<String, String> versions = new TreeMap<>();
        for (String entry : System.getProperty("java.class.path").split(":")) {
            String jar = Path.of(entry).getFileName().toString();
            if (jar.matches("(pytorch|deeplearning4j-nn|openblas)-[0-9].*") && !jar.contains("linux")) {
                versions.put(jar.replaceAll("-[0-9].*", ""), jar.replaceAll("^[a-z0-9-]*?-([0-9].*)\\.jar$", "$1"));
            }
        }
        versions.put("python's torch", python == null ? "not installed: left out" : pyTorchVersion());
        return versions;
    }

    private String pyTorchVersion() throws IOException {
        Process process = new ProcessBuilder(python, "-c", "import torch; print(torch.__version__)").start();
        return process.inputReader().readLine();
    }
}
