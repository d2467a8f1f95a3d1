package dev.convoy.benchmarks.engine;

import dev.convoy.benchmarks.contest.Contestant;
import dev.convoy.benchmarks.contest.Machine;
import dev.convoy.benchmarks.contest.Report;
import dev.convoy.benchmarks.contest.Runner;
import dev.convoy.benchmarks.contest.Workload;
import dev.convoy.model.backend.torch.TorchBackend;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** How fast one machine takes steps, by engine. */
@Command(
        name = "engine",
        description = "Times Convoy's replicas beside bare libtorch, Deeplearning4j and PyTorch on this machine.",
        mixinStandardHelpOptions = true)
public final class EngineBenchmark implements Callable<Integer> {
    @Option(names = "--rounds", description = "Turns of every contestant (default: ${DEFAULT-VALUE}).")
    private int rounds = 7;

    @Option(names = "--seconds", description = "Length of a turn (default: ${DEFAULT-VALUE}).")
    private double seconds = 2;

    @Option(names = "--output", description = "JSON file (default: ${DEFAULT-VALUE}).")
    private Path output = Path.of("benchmarks/target/engine.json");

    @Option(names = "--workload", description = "LENET, VGG or MNIST_BEST (default: all).", split = ",")
    private List<Workload> workloads = List.of(Workload.LENET, Workload.VGG, Workload.MNIST_BEST);

    @Option(names = "--python", description = "A Python with torch; without one, PyTorch is left out.")
    private String python;

    @Override
    public Integer call() throws IOException {
        Report report =
                new Report(python, "torch", Map.of("batch", Workload.BATCH, "rounds", rounds, "seconds", seconds));
        for (Workload workload : workloads) {
            report.table(workload.name(), "of bare-torch, 1", run(workload));
            printReads(workload);
        }
        report.write(output);
        return 0;
    }

    private List<Report.Line> run(Workload workload) throws IOException {
        int cores = Runtime.getRuntime().availableProcessors();
        List<Contestant> contestants = new ArrayList<>();
        try {
            contestants.add(engine(Engine.Kind.BARE_TORCH, workload, 1, 1));
            contestants.add(engine(Engine.Kind.BARE_TORCH, workload, cores, 1));
            contestants.add(engine(Engine.Kind.REPLICA_TORCH, workload, 1, 1));
            contestants.add(engine(Engine.Kind.REPLICA_TORCH, workload, cores, 1));
            contestants.add(engine(Engine.Kind.REPLICA_DL4J, workload, cores, 1));
            if (BareDl4j.knows(workload)) {
                contestants.add(engine(Engine.Kind.BARE_DL4J, workload, 1, 1));
                contestants.add(engine(Engine.Kind.BARE_DL4J, workload, 1, cores));
                contestants.add(engine(Engine.Kind.BARE_DL4J, workload, cores, 1));
            }
            if (python != null && workload.hasPythonPeer()) {
                contestants.add(Contestant.python(python, workload, cores));
            }
            Contestant.takeTurns(contestants, rounds, seconds);
            double bare = contestants.get(0).median();
            return contestants.stream().map(one -> Report.Line.of(one, bare)).toList();
        } finally {
            Contestant.end(contestants);
        }
    }

    /** What a GPU would be waited for. */
    private static void printReads(Workload workload) {
        ReplicaEngine engine = new ReplicaEngine("torch", workload);
        long begin = TorchBackend.reads();
        for (int step = 1; step < ReplicaEngine.ROUND; step++) {
            engine.step();
        }
        long within = TorchBackend.reads() - begin;
        engine.step();
        System.out.printf(
                "replica-torch reads tensors %d times within %d steps, %d times at their end%n",
                within, ReplicaEngine.ROUND, TorchBackend.reads() - begin - within);
    }

    /** An engine of this JVM's class path, in a process of its own. */
    private static Contestant engine(Engine.Kind kind, Workload workload, int replicas, int openMpThreads)
            throws IOException {
        String name = kind.label() + ", " + replicas + (replicas == 1 ? " replica" : " replicas")
                + (openMpThreads == 1 ? "" : " of " + openMpThreads + " threads");
        List<String> arguments = List.of(kind.name(), workload.name(), String.valueOf(replicas));
        return new Contestant(
                name,
                replicas * Workload.BATCH,
                Runner.java(EngineWorker.class, arguments, Machine.threads(openMpThreads)),
                "");
    }
}
