package dev.convoy.benchmarks.exchange;

import dev.convoy.benchmarks.contest.Contestant;
import dev.convoy.benchmarks.contest.Lines;
import dev.convoy.benchmarks.contest.LocalSpark;
import dev.convoy.benchmarks.contest.Machine;
import dev.convoy.benchmarks.contest.PlayedCluster;
import dev.convoy.benchmarks.contest.Report;
import dev.convoy.benchmarks.contest.Runner;
import dev.convoy.benchmarks.contest.Workload;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** What exchange costs, by transport and number of local steps. */
@Command(
        name = "exchange",
        description =
                "Times two workers on MNIST: without exchange, with each of Convoy's transports, and their peers.",
        mixinStandardHelpOptions = true)
public final class ExchangeBenchmark implements Callable<Integer> {
    private static final String BARE = "bare";
    private static final String LOCAL = "local[2]";
    private static final String EXECUTORS = "local-cluster[2,1,2048]";
    private static final int HOSTS_LOCAL_STEPS = 16;

    @Option(names = "--turns", description = "Turns of every contestant (default: ${DEFAULT-VALUE}).")
    private int turns = 5;

    @Option(names = "--seconds", description = "Length of a turn (default: ${DEFAULT-VALUE}).")
    private double seconds = 6;

    @Option(names = "--only", description = "Regular expression of contestants' names; the bare one runs anyhow.")
    private String only = ".*";

    @Option(
            names = "--workload",
            description = "LENET, VGG, RESNET18 or RESNET50 (default: LENET and RESNET18).",
            split = ",")
    private List<Workload> workloads = List.of(Workload.LENET, Workload.RESNET18);

    @Option(names = "--data", description = "Folder of MNIST (default: ${DEFAULT-VALUE}).")
    private String data = "data/mnist";

    @Option(names = "--output", description = "JSON file (default: ${DEFAULT-VALUE}).")
    private Path output = Path.of("benchmarks/target/exchange.json");

    @Option(
            names = "--gbit",
            description = "Plays two hosts and one for the driver, with lines of this rate, as root (default: none).")
    private double gbit;

    @Option(
            names = "--latency",
            description = "Milliseconds from one played host to another, with --gbit (default: none).")
    private double latency;

    @Option(names = "--python", description = "A Python with torch; without one, PyTorch is left out.")
    private String python;

    @Override
    public Integer call() throws IOException, InterruptedException {
        Report report = new Report(python, "torch", Map.of("turns", turns, "seconds", seconds));
        for (Workload workload : workloads) {
            report.table(
                    workload.name() + ", batch " + workload.batch()
                            + (gbit > 0 ? ", " + gbit + " Gbit/s, " + latency + " ms" : ""),
                    "of bare",
                    gbit > 0 ? onHosts(workload) : run(workload));
        }
        report.write(output);
        return 0;
    }

    private List<Report.Line> run(Workload workload) throws IOException {
        List<Contestant> contestants = new ArrayList<>();
        try {
            Runner local = runner(workload, LOCAL);
            addBare(contestants, local, workload);
            add(contestants, local, workload, ExchangeKind.BARE_IN_STEP, 1, "");
            addTransports(contestants, local, workload, "");
            if (workload == Workload.LENET) {
                add(contestants, local, workload, ExchangeKind.DL4J_SPARK_DEFAULTS, 5, "");
                add(contestants, local, workload, ExchangeKind.DL4J_SPARK_TUNED, 16, "");
            }
            addBare(contestants, local, workload);
            Runner executors = runner(workload, EXECUTORS);
            addTransports(contestants, executors, workload, ", two executors");
            for (int localSteps : List.of(0, workload.fewLocalSteps())) {
                add(contestants, executors, workload, ExchangeKind.ALL_REDUCE_GLOO, localSteps, ", two executors");
            }
            add(contestants, executors, workload, ExchangeKind.ALL_REDUCE_GLOO_AFTER, 0, ", two executors");
            if (python != null && workload.hasPythonPeer()) {
                contestants.add(Contestant.ddp(python, workload, data));
                contestants.add(Contestant.python(python, workload, 2));
            }
            addBare(contestants, local, workload);
            return lines(contestants);
        } finally {
            Contestant.end(contestants);
        }
    }

    /** As between hosts, two workers and a driver: whatever is exchanged goes over their lines. */
    private List<Report.Line> onHosts(Workload workload) throws IOException, InterruptedException {
        try (PlayedCluster cluster = new PlayedCluster(ExchangeWorker.WORKERS, new Lines(gbit, latency))) {
            List<Contestant> contestants = new ArrayList<>();
            try {
                Runner local = runner(workload, LOCAL);
                addBare(contestants, local, workload);
                add(contestants, local, workload, ExchangeKind.BARE_IN_STEP, 1, "");
                Runner hosts = cluster.driver(
                        ExchangeWorker.class,
                        workload,
                        Path.of(data).toAbsolutePath().toString());
                add(contestants, hosts, workload, ExchangeKind.ROUNDS, HOSTS_LOCAL_STEPS, "");
                for (int localSteps : List.of(0, HOSTS_LOCAL_STEPS)) {
                    add(contestants, hosts, workload, ExchangeKind.ALL_REDUCE_GLOO, localSteps, "");
                }
                if (python != null && workload.hasPythonPeer()) {
                    contestants.add(Contestant.ddp(python, workload, data, cluster));
                }
                addBare(contestants, local, workload);
                return lines(contestants);
            } finally {
                Contestant.end(contestants);
            }
        }
    }

    private List<Report.Line> lines(List<Contestant> contestants) throws IOException {
        Contestant.takeTurns(contestants, turns, seconds);
        Contestant whole = contestants.get(0);
        contestants.stream()
                .filter(one -> one != whole && one.name().equals(BARE))
                .forEach(whole::merge);
        double bare = whole.median();
        return contestants.stream()
                .filter(one -> one == whole || !one.name().equals(BARE))
                .map(one -> Report.Line.of(one, bare))
                .toList();
    }

    /** Several times in a turn, since everything is measured by it and machines do not run evenly. */
    private static void addBare(List<Contestant> contestants, Runner local, Workload workload) {
        contestants.add(
                new Contestant(BARE, ExchangeWorker.WORKERS * workload.batch(), local, ExchangeKind.BARE + " 1 "));
    }

    private Runner runner(Workload workload, String master) throws IOException {
        Map<String, String> environment = new TreeMap<>(Machine.threads(1));
        environment.putAll(LocalSpark.ENVIRONMENT);
        // Executors have working directories of their own.
        String folder = Path.of(data).toAbsolutePath().toString();
        return Runner.java(ExchangeWorker.class, List.of(workload.name(), master, folder), environment);
    }

    private void addTransports(List<Contestant> contestants, Runner runner, Workload workload, String where) {
        for (int localSteps : workload.localSteps()) {
            add(contestants, runner, workload, ExchangeKind.ROUNDS, localSteps, where);
        }
        for (int localSteps : List.of(0, workload.fewLocalSteps())) {
            add(contestants, runner, workload, ExchangeKind.ALL_REDUCE, localSteps, where);
        }
    }

    private void add(
            List<Contestant> contestants,
            Runner runner,
            Workload workload,
            ExchangeKind kind,
            int localSteps,
            String where) {
        String name = kind.label(localSteps) + where;
        if (name.matches(only)) {
            contestants.add(new Contestant(
                    name, ExchangeWorker.WORKERS * workload.batch(), runner, kind + " " + localSteps + " "));
        }
    }
}
