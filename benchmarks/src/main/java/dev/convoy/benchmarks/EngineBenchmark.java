package dev.convoy.benchmarks;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
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

    @Option(names = "--workload", description = "What to train (default: LENET,VGG).", split = ",")
    private List<Workload> workloads = List.of(Workload.LENET, Workload.VGG);

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
        report.put("versions", Machine.versions(python));
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
            Contestant.takeTurns(contestants, rounds, seconds);
            double bare = contestants.get(0).median();
            return contestants.stream()
                    .map(one -> new Line(one.name(), one.median(), one.rates(), one.median() / bare))
                    .toList();
        } finally {
            Contestant.end(contestants);
        }
    }
}
