package dev.convoy.benchmarks.accuracy;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.convoy.benchmarks.contest.LocalSpark;
import dev.convoy.benchmarks.contest.Machine;
import dev.convoy.benchmarks.contest.Report;
import dev.convoy.benchmarks.contest.Runner;
import dev.convoy.benchmarks.contest.Workload;
import dev.convoy.config.JobConfig.Sync.Transport;
import dev.convoy.train.sync.OuterOptimizer;
import dev.convoy.train.sync.ParameterAveraging;
import dev.convoy.train.sync.SyncSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import org.apache.spark.api.java.JavaSparkContext;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** What exchange costs in accuracy: LeNet on the full MNIST, with the settings of conf/mnist-lenet.conf. */
@Command(
        name = "accuracy",
        description =
                "Epochs and time to 99 % on MNIST by transport, and accuracy by workers, local steps and averaging.",
        mixinStandardHelpOptions = true)
public final class AccuracyBenchmark implements Callable<Integer> {
    private static final double GOAL = 0.99;
    /** Epochs. Many workers take few steps in an epoch, and the configuration's fifth of one is too short for them. */
    private static final double STUDY_WARMUP = 1;
    /** Epochs to 99 %, where the configuration has as many; Deeplearning4j's take minutes each. */
    private static final int EPOCHS = 5;

    private static final int DL4J_EPOCHS = 3;

    @Option(names = "--only", description = "Regular expression of the names of ways to 99 %%.")
    private String only = ".*";

    @Option(
            names = "--seeds",
            description = "Seeds of every way to 99 %% (default: ${DEFAULT-VALUE}; 0 leaves it out).")
    private int seeds = 5;

    @Option(names = "--epochs", description = "Epochs of the study (default: ${DEFAULT-VALUE}; 0 leaves it out).")
    private int epochs = 3;

    @Option(names = "--workers", description = "Workers of the study (default: 2,4,8,16).", split = ",")
    private List<Integer> workers = List.of(2, 4, 8, 16);

    @Option(names = "--local-steps", description = "Local steps of the study (default: 1,4,16,64).", split = ",")
    private List<Integer> localSteps = List.of(1, 4, 16, 64);

    @Option(names = "--data", description = "Folder of MNIST (default: ${DEFAULT-VALUE}).")
    private String data = "data/mnist";

    @Option(names = "--output", description = "Folder for JSON and charts (default: ${DEFAULT-VALUE}).")
    private Path output = Path.of("benchmarks/target/accuracy");

    @Option(names = "--python", description = "A Python with torch; without one, PyTorch is left out.")
    private String python;

    /** One way to train, from one seed to a result for each epoch. */
    private interface Way {
        List<MnistTraining.Epoch> train(int seed) throws IOException;
    }

    /**
     * How far one way led.
     *
     * @param epochs until 99 % was reached, by seed; 0 if it was not
     * @param seconds of training until then, by seed; of all epochs if it was not reached
     * @param accuracy after the last epoch, by seed
     */
    record ToGoal(String name, List<Integer> epochs, List<Double> seconds, List<Double> accuracy) {}

    /**
     * One point of the study.
     *
     * @param accuracy after the last epoch; null if training diverged
     */
    record Point(int workers, int localSteps, String averaging, Double accuracy) {}

    @Override
    public Integer call() throws IOException {
        Report report = new Report(python, "torch", Map.of("batch", Workload.BATCH, "seeds", seeds, "epochs", epochs));
        try (JavaSparkContext spark = new JavaSparkContext(LocalSpark.conf("local[2]"))) {
            MnistTraining mnist = new MnistTraining(spark, Path.of(data));
            if (seeds > 0) {
                report.put("to99", toGoal(mnist));
            }
            if (epochs > 0) {
                List<Point> study = study(mnist);
                Files.createDirectories(output);
                report.put("study", Map.of("epochs", epochs, "points", study));
                Charts.accuracy(output, epochs, study);
            }
        }
        report.write(output.resolve("accuracy.json"));
        return 0;
    }

    private List<ToGoal> toGoal(MnistTraining mnist) throws IOException {
        List<ToGoal> results = new ArrayList<>();
        for (Map.Entry<String, Way> way : ways(mnist).entrySet()) {
            if (way.getKey().matches(only)) {
                results.add(toGoal(way.getKey(), way.getValue()));
            }
        }
        String ddp = "pytorch DDP over gloo, 2 processes";
        if (python != null && ddp.matches(only)) {
            try (Runner runner = Runner.start(
                    List.of(python, "benchmarks/src/main/python/ddp_accuracy.py", data), Machine.threads(1))) {
                results.add(toGoal(
                        ddp,
                        seed -> List.of(new ObjectMapper()
                                .readValue(runner.ask(seed + " " + EPOCHS), MnistTraining.Epoch[].class))));
            }
        }
        return results;
    }

    private static Map<String, Way> ways(MnistTraining mnist) {
        Map<String, Way> ways = new LinkedHashMap<>();
        ways.put("one worker", convoy(mnist, Transport.ROUNDS, 1, SyncSpec.averaging(64)));
        for (int steps : List.of(1, 4, 16, 64)) {
            ways.put(
                    "rounds, " + steps + " local steps", convoy(mnist, Transport.ROUNDS, 2, SyncSpec.averaging(steps)));
        }
        ways.put("all-reduce, gradient", convoy(mnist, Transport.ALL_REDUCE, 2, SyncSpec.gradient()));
        ways.put("all-reduce, 16 local steps", convoy(mnist, Transport.ALL_REDUCE, 2, SyncSpec.averaging(16)));
        ways.put(
                "dl4j-spark, 16 local steps",
                seed -> mnist.trainDl4j(2, ParameterAveraging.every(16), seed, DL4J_EPOCHS));
        return ways;
    }

    private static Way convoy(MnistTraining mnist, Transport transport, int workers, SyncSpec sync) {
        return seed -> mnist.train(transport, workers, sync, seed, EPOCHS, 0.2);
    }

    private ToGoal toGoal(String name, Way way) throws IOException {
        ToGoal result = new ToGoal(name, new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
        for (int seed = 1; seed <= seeds; seed++) {
            List<MnistTraining.Epoch> done = way.train(seed);
            int reached = IntStream.range(0, done.size())
                    .filter(epoch -> done.get(epoch).accuracy() >= GOAL)
                    .findFirst()
                    .orElse(-1);
            result.epochs.add(reached + 1);
            result.seconds.add(done.stream()
                    .limit(reached < 0 ? done.size() : reached + 1)
                    .mapToDouble(MnistTraining.Epoch::seconds)
                    .sum());
            result.accuracy.add(done.get(done.size() - 1).accuracy());
            System.out.printf(
                    Locale.ROOT,
                    "%-34s seed %d: 99 %% after %d epochs, %.1f s; %.2f %% after %d%n",
                    name,
                    seed,
                    reached + 1,
                    result.seconds.get(seed - 1),
                    100 * result.accuracy.get(seed - 1),
                    done.size());
        }
        return result;
    }

    private List<Point> study(MnistTraining mnist) {
        List<Point> points = new ArrayList<>();
        points.add(point(mnist, 1, 64, "one worker", new OuterOptimizer.None()));
        Map<String, OuterOptimizer> averagings = new LinkedHashMap<>();
        averagings.put("plain", new OuterOptimizer.None());
        averagings.put("momentum", new OuterOptimizer.Momentum());
        averagings.put("nesterov, 0.5, 1", new OuterOptimizer.Nesterov(0.5, 1.0));
        averagings.put("nesterov", new OuterOptimizer.Nesterov());
        for (int count : workers) {
            for (int steps : localSteps) {
                averagings.forEach((name, outer) -> points.add(point(mnist, count, steps, name, outer)));
            }
        }
        return points;
    }

    private Point point(MnistTraining mnist, int count, int steps, String name, OuterOptimizer outer) {
        SyncSpec sync = SyncSpec.of(ParameterAveraging.every(steps).withOuter(outer));
        List<MnistTraining.Epoch> done = mnist.train(Transport.ROUNDS, count, sync, 1, epochs, STUDY_WARMUP);
        Double accuracy =
                done.size() < epochs ? null : (Double) done.get(epochs - 1).accuracy();
        System.out.printf(
                Locale.ROOT,
                "%2d workers, %2d local steps, %-17s %s%n",
                count,
                steps,
                name,
                accuracy == null
                        ? "diverged"
                        : String.format(Locale.ROOT, "%.2f %% after %d epochs", 100 * accuracy, epochs));
        return new Point(count, steps, name, accuracy);
    }
}
