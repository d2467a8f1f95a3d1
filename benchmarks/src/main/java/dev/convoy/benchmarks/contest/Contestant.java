package dev.convoy.benchmarks.contest;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * One way to train, in a process that trains on command and waits: contestants take turns, each with the machine to
 * itself.
 */
public final class Contestant {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final String name;
    private final int images;
    private final Runner runner;
    /** What comes before the number of steps. */
    private final String command;

    private final List<Double> rates = new ArrayList<>();
    private final List<Shares> shares = new ArrayList<>();
    private int steps = 1;

    /**
     * @param images of a step, over all its replicas
     */
    public Contestant(String name, int images, Runner runner, String command) {
        this.name = name;
        this.images = images;
        this.runner = runner;
        this.command = command;
    }

    /** PyTorch in one Python process. */
    public static Contestant python(String python, Workload workload, int threads) throws IOException {
        return new Contestant(
                "pytorch, 1 process of " + threads + " threads",
                workload.batch(),
                Runner.start(
                        List.of(
                                python,
                                "benchmarks/src/main/python/engine.py",
                                workload.name(),
                                String.valueOf(threads)),
                        Machine.threads(threads)),
                "");
    }

    /** PyTorch's DistributedDataParallel over Gloo, two processes of one thread. */
    public static Contestant ddp(String python, Workload workload, String data) throws IOException {
        return ddp(python, workload, data, List.of());
    }

    /** The same, each process on a host of a cluster. */
    public static Contestant ddp(String python, Workload workload, String data, PlayedCluster cluster)
            throws IOException {
        return ddp(python, workload, data, cluster.names());
    }

    private static Contestant ddp(String python, Workload workload, String data, List<String> hosts)
            throws IOException {
        List<String> command =
                new ArrayList<>(List.of(python, "benchmarks/src/main/python/ddp.py", workload.name(), data));
        command.addAll(hosts);
        return new Contestant(
                "pytorch DDP over gloo, 2 processes",
                2 * workload.batch(),
                Runner.start(command, Machine.threads(1)),
                "");
    }

    public String name() {
        return name;
    }

    List<Double> rates() {
        return rates;
    }

    /** Warms up, and finds how many steps fill the time. */
    void warmUp(double seconds) throws IOException {
        steps = 3;
        for (int i = 0; i < 3; i++) {
            steps = (int) Math.max(3, Math.round(seconds / run(steps)));
        }
        shares.clear();
    }

    /** Where the time went, on average over the turns; null if the process does not tell. */
    public Shares shares() {
        return shares.isEmpty() ? null : Shares.mean(shares);
    }

    /** Trains once more and keeps the rate. */
    void measure() throws IOException {
        rates.add(images / run(steps));
    }

    /** The seconds for each step. */
    private double run(int count) throws IOException {
        // Nanoseconds; the steps really taken where they may differ from those asked for; shares.
        String[] words = runner.ask(command + count).split(" ");
        if (words.length > 2) {
            shares.add(JSON.readValue(words[2], Shares.class));
        }
        return Long.parseLong(words[0]) / 1e9 / (words.length > 1 ? Integer.parseInt(words[1]) : count);
    }

    /** The median of the rates, in images a second. */
    public double median() {
        return median(rates);
    }

    public static double median(List<Double> values) {
        List<Double> sorted = values.stream().sorted().toList();
        int half = sorted.size() / 2;
        return sorted.size() % 2 == 1 ? sorted.get(half) : (sorted.get(half - 1) + sorted.get(half)) / 2;
    }

    /** Takes over the rates of another that is the same. */
    public void merge(Contestant other) {
        rates.addAll(other.rates);
    }

    /**
     * Lets all of them warm up and then measure in turns, there and back, so that nobody always follows the same one.
     */
    public static void takeTurns(List<Contestant> contestants, int turns, double seconds) throws IOException {
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

    /** Ends their processes. */
    public static void end(List<Contestant> contestants) {
        contestants.forEach(contestant -> contestant.runner.close());
    }
}
