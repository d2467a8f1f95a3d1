package dev.convoy.benchmarks.scale;

import dev.convoy.benchmarks.contest.Lines;
import dev.convoy.benchmarks.contest.Machine;
import dev.convoy.benchmarks.contest.Namespaces;
import dev.convoy.benchmarks.contest.Runner;
import dev.convoy.benchmarks.contest.Workload;
import dev.convoy.benchmarks.scale.Simulator.Cluster;
import dev.convoy.benchmarks.scale.Simulator.Costs;
import dev.convoy.benchmarks.scale.Simulator.Network;
import dev.convoy.benchmarks.scale.Simulator.Stragglers;
import dev.convoy.data.ImageBatch;
import dev.convoy.data.ImageShape;
import dev.convoy.data.Normalization;
import dev.convoy.data.Target;
import dev.convoy.model.backend.ComputeBackend;
import dev.convoy.model.backend.Placement;
import dev.convoy.model.backend.Replica;
import dev.convoy.model.backend.StepKey;
import dev.convoy.model.zoo.NamedNetwork;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.stream.LongStream;
import org.apache.commons.io.FileUtils;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Measures sums between hosts that this machine plays, compares them with what the simulator says, and predicts large clusters. */
@Command(
        name = "scale",
        description =
                "Predicts steps on clusters, from what this machine measures; as root, checks sums between network namespaces.",
        mixinStandardHelpOptions = true)
public final class ScaleBenchmark implements Callable<Integer> {
    /** Where processors are what is waited for, so that they can be told from lines. */
    private static final int CALIBRATION_HOSTS = 4;

    private static final double CALIBRATION_GBIT = 10;

    /** Of docs/results.md, for whoever cannot measure them: sums of 4 hosts on two cores. */
    private static final double[] KNOWN_SUMS = {0.0104, 0.147};

    /** Of ResNet-18's reduce and of rounds' launch, network and reduce, with two workers: docs/results.md. */
    private static final double SHARED_BYTE = 3.1e-10;

    private static final double CARRIED_BYTE = 4.5e-9;
    private static final double ROUND = 0.03;
    private static final double TASK = 0.004;
    private static final double OVERLAP = 0.7;

    private static final int LOCAL_STEPS = 16;

    /** Floats of all sums of small vectors together, whose seconds are much less even. */
    private static final int SMALL = 25_000_000;

    @Option(names = "--hosts", split = ",", description = "Hosts that are played (default: ${DEFAULT-VALUE}).")
    private List<Integer> hosts = List.of(2, 4, 8, 16);

    @Option(names = "--gbit", split = ",", description = "Their lines (default: ${DEFAULT-VALUE}).")
    private List<Double> gbits = List.of(10.0, 1.0);

    @Option(
            names = "--latency",
            description =
                    "Milliseconds from one host to another, played and predicted; takes python3 (default: ${DEFAULT-VALUE}).")
    private double latency = 0;

    @Option(
            names = "--sums",
            description =
                    "Of each kind, of which the median counts; of small vectors more (default: ${DEFAULT-VALUE}).")
    private int sums = 7;

    @Option(names = "--predict-only", description = "Takes the costs of docs/results.md; needs no root.")
    private boolean predictOnly;

    @Option(
            names = "--speed",
            description =
                    "How many times as fast as one core of this machine a worker computes (default: ${DEFAULT-VALUE}).")
    private double speed = 1;

    @Option(names = "--workers-of-host", description = "That share a line in predictions (default: ${DEFAULT-VALUE}).")
    private int workersOfHost = 8;

    @Option(
            names = "--jitter",
            description = "Standard deviation of a step, as a share of it, in predictions (default: ${DEFAULT-VALUE}).")
    private double jitter = 0.05;

    @Option(
            names = "--slow-share",
            description = "Of rounds in which a worker is slow, in predictions (default: ${DEFAULT-VALUE}).")
    private double slowShare = 0;

    @Option(
            names = "--slow-factor",
            description = "How many times as long its steps take then (default: ${DEFAULT-VALUE}).")
    private double slowFactor = 2;

    @Override
    public Integer call() throws IOException, InterruptedException {
        List<Network> networks = networks();
        List<Network> summed = networks.subList(0, 2);
        if (predictOnly) {
            predict(new Simulator(costs(summed, KNOWN_SUMS, 2)), networks);
            return 0;
        }
        int cores = Runtime.getRuntime().availableProcessors();
        double[] calibration = new double[summed.size()];
        for (int i = 0; i < calibration.length; i++) {
            calibration[i] = sum(CALIBRATION_HOSTS, new Lines(CALIBRATION_GBIT, 0), summed.get(i));
        }
        Simulator simulator = new Simulator(costs(summed, calibration, cores));
        check(simulator, summed, cores);
        predict(simulator, networks);
        return 0;
    }

    /** Solves for what a byte and a turn take: small and large vectors have the same turns. */
    private static Costs costs(List<Network> summed, double[] seconds, int cores) {
        double crowd = (double) CALIBRATION_HOSTS / cores;
        double bytes = summed.get(1).gradientBytes() - summed.get(0).gradientBytes();
        double ringByte = (seconds[1] - seconds[0]) / crowd / bytes;
        int turns = 2 * (CALIBRATION_HOSTS - 1);
        double turn = (seconds[0] / crowd - summed.get(0).gradientBytes() * ringByte) / turns;
        return new Costs(SHARED_BYTE, ringByte, turn, OVERLAP, ROUND, TASK, CARRIED_BYTE);
    }

    private List<Network> networks() {
        return List.of(
                network("LeNet", NamedNetwork.LENET, Workload.LENET.input()),
                network("ResNet-18", NamedNetwork.RESNET18, Workload.RESNET18.input()),
                network("ResNet-50", NamedNetwork.RESNET50, Workload.RESNET18.input()),
                network("VGG-11", NamedNetwork.VGG11, Workload.RESNET18.input()));
    }

    private Network network(String name, NamedNetwork named, ImageShape input) {
        dev.convoy.model.Network network = named.spec(Workload.CLASSES).bind(input);
        return new Network(name, network.layout().parameterCount(), 1, step(network));
    }

    /** Seconds of a step with a batch of {@link Workload#BATCH}, the best of three, by the speed that is asked for. */
    private double step(dev.convoy.model.Network network) {
        ImageShape input = network.input();
        ImageBatch batch = new ImageBatch(
                input,
                LongStream.range(0, Workload.BATCH).toArray(),
                new byte[Workload.BATCH * input.size()],
                Collections.nCopies(Workload.BATCH, new Target.ClassIndex(0)));
        float[] ones = new float[input.channels()];
        Arrays.fill(ones, 1);
        try (Replica replica = ComputeBackend.named("torch")
                .newReplica(network, new Normalization(new float[input.channels()], ones), Placement.CPU)) {
            replica.parameters().set(network.initialState(1).parameters());
            double best = Double.POSITIVE_INFINITY;
            for (int step = 0; step < 4; step++) {
                long began = System.nanoTime();
                replica.train(batch, new StepKey(1, step, 0));
                best = Math.min(best, (System.nanoTime() - began) / 1e9);
            }
            return best / speed;
        }
    }

    /** Seconds of a sum between hosts that this machine plays: of the slowest. */
    private double sum(int count, Lines lines, Network network) throws IOException, InterruptedException {
        Path folder = Files.createTempDirectory("convoy-scale-");
        try (Namespaces namespaces = new Namespaces(count, lines)) {
            List<Process> processes = new ArrayList<>();
            try {
                for (int host = 0; host < count; host++) {
                    List<String> arguments = List.of(
                            folder.toString(),
                            String.valueOf(host),
                            String.valueOf(count),
                            Namespaces.address(host),
                            String.valueOf(network.parameters()),
                            String.valueOf(Math.max(sums, SMALL / network.parameters())));
                    ProcessBuilder builder = new ProcessBuilder(
                                    namespaces.on(host, Runner.javaCommand(ScaleWorker.class, arguments)))
                            .redirectError(ProcessBuilder.Redirect.INHERIT);
                    builder.environment().putAll(Machine.threads(1));
                    processes.add(builder.start());
                }
                double slowest = 0;
                for (Process process : processes) {
                    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
                    // Gloo says something of its own before.
                    String last = said.lines().reduce("", (before, line) -> line);
                    slowest = Math.max(slowest, Double.parseDouble(last));
                }
                return slowest;
            } finally {
                processes.forEach(Process::destroyForcibly);
            }
        } finally {
            FileUtils.deleteQuietly(folder.toFile());
        }
    }

    private void check(Simulator simulator, List<Network> summed, int cores) throws IOException, InterruptedException {
        System.out.println("sums between hosts on " + cores + " cores: measured, simulated, ratio; " + CALIBRATION_HOSTS
                + " hosts at " + CALIBRATION_GBIT + " Gbit/s are what the simulator was calibrated by");
        for (Network network : summed) {
            for (double gbit : gbits) {
                for (int count : hosts) {
                    Lines lines = new Lines(gbit, latency);
                    double measured = sum(count, lines, network);
                    double simulated = simulator.ring(network.gradientBytes(), count, lines, cores);
                    System.out.printf(
                            Locale.ROOT,
                            "%-10s %3d hosts %5.0f Gbit/s %5.1f ms  %8.4f s %8.4f s  %.2f%n",
                            network.name(),
                            count,
                            gbit,
                            latency,
                            measured,
                            simulated,
                            simulated / measured);
                }
            }
        }
    }

    private void predict(Simulator simulator, List<Network> networks) {
        System.out.printf(
                Locale.ROOT,
                "share of steps in which workers compute, %d workers a host, jitter %.2f, %.3f of rounds %.1f times as slow,"
                        + " %.0f times this core, latency %.1f ms%n",
                workersOfHost,
                jitter,
                slowShare,
                slowFactor,
                speed,
                latency);
        System.out.println("network    Gbit/s workers   step s    ddp  all-reduce  all-reduce/16  rounds/16  best");
        for (Network network : networks) {
            for (double gbit : List.of(1.0, 10.0, 25.0, 100.0)) {
                for (int workers : List.of(8, 64, 256, 1024)) {
                    Stragglers stragglers = new Stragglers(jitter, slowShare, slowFactor);
                    Lines lines = new Lines(gbit, latency);
                    predict(simulator, network, new Cluster(workers / workersOfHost, workersOfHost, lines, stragglers));
                }
            }
        }
    }

    private static void predict(Simulator simulator, Network network, Cluster cluster) {
        double ddp = simulator.ddp(network, cluster);
        double each = simulator.allReduce(network, cluster);
        double few = simulator.allReduce(network, cluster, LOCAL_STEPS);
        double rounds = simulator.rounds(network, cluster, LOCAL_STEPS);
        System.out.printf(
                Locale.ROOT,
                "%-10s %6.0f %7d %8.4f   %.2f        %.2f           %.2f       %.2f  %s%n",
                network.name(),
                cluster.lines().gbit(),
                cluster.workers(),
                network.step(),
                network.step() / ddp,
                network.step() / each,
                network.step() / few,
                network.step() / rounds,
                Simulator.advice(each, few, rounds));
    }
}
