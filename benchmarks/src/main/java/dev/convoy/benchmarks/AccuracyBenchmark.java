package dev.convoy.benchmarks;

import dev.convoy.model.Evaluation;
import dev.convoy.train.EpochReport;
import dev.convoy.train.OuterOptimizer;
import dev.convoy.train.SyncSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
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
final class AccuracyBenchmark implements Callable<Integer> {
    private static final double GOAL = 0.99;
    /** Epochs. Many workers take few steps in an epoch, and the configuration's fifth of one is too short for them. */
    private static final double STUDY_WARMUP = 1;

    @Option(
            names = "--seeds",
            description = "Seeds of every way to 99 %% (default: ${DEFAULT-VALUE}; 0 leaves it out).")
    private int seeds = 5;

    @Option(names = "--epochs", description = "Epochs of the study (default: ${DEFAULT-VALUE}; 0 leaves it out).")
    private int epochs = 3;

    @Option(names = "--workers", description = "Workers of the study (default: 2,4,8,16).", split = ",")
    private List<Integer> workers = List.of(2, 4, 8, 16);

    @Option(names = "--local-steps", description = "Local steps of the study (default: 4,16,64).", split = ",")
    private List<Integer> localSteps = List.of(4, 16, 64);

    @Option(names = "--data", description = "Folder of MNIST (default: ${DEFAULT-VALUE}).")
    private String data = "data/mnist";

    @Option(names = "--output", description = "Folder for JSON and charts (default: ${DEFAULT-VALUE}).")
    private Path output = Path.of("benchmarks/target/accuracy");

    /**
     * One way to 99 %.
     *
     * @param epochs until it was reached, by seed; 0 if it was not in five
     * @param seconds of training until then, by seed; of all five if it was not reached
     * @param accuracy after five epochs, by seed
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
        Report report = new Report(null, Map.of("batch", Workload.BATCH, "seeds", seeds, "epochs", epochs));
        try (JavaSparkContext spark = new JavaSparkContext(ExchangeWorker.conf("local[2]"))) {
            MnistTraining mnist = new MnistTraining(spark, Path.of(data));
            if (seeds > 0) {
                report.put(
                        "to99",
                        ways().entrySet().stream()
                                .map(way -> toGoal(mnist, way.getKey(), way.getValue()))
                                .toList());
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

    private static Map<String, MnistTraining.Way> ways() {
        Map<String, MnistTraining.Way> ways = new LinkedHashMap<>();
        ways.put("one worker", MnistTraining.Way.rounds(1, SyncSpec.averaging(64)));
        for (int steps : List.of(1, 4, 16, 64)) {
            ways.put("rounds, " + steps + " local steps", MnistTraining.Way.rounds(2, SyncSpec.averaging(steps)));
        }
        ways.put("all-reduce, gradient", MnistTraining.Way.allReduce(2, SyncSpec.gradient()));
        ways.put("all-reduce, 16 local steps", MnistTraining.Way.allReduce(2, SyncSpec.averaging(16)));
        return ways;
    }

    private ToGoal toGoal(MnistTraining mnist, String name, MnistTraining.Way way) {
        ToGoal result = new ToGoal(name, new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
        for (int seed = 1; seed <= seeds; seed++) {
            List<EpochReport> reports = mnist.train(way, seed, 5, 0.2);
            int reached = IntStream.range(0, reports.size())
                    .filter(epoch -> accuracy(reports.get(epoch)) >= GOAL)
                    .findFirst()
                    .orElse(-1);
            result.epochs.add(reached + 1);
            result.seconds.add(reports.stream()
                    .limit(reached < 0 ? reports.size() : reached + 1)
                    .mapToDouble(EpochReport::trainSeconds)
                    .sum());
            result.accuracy.add(accuracy(reports.get(reports.size() - 1)));
            System.out.printf(
                    Locale.ROOT,
                    "%-30s seed %d: 99 %% after %d epochs, %.1f s; %.2f %% after 5%n",
                    name,
                    seed,
                    reached + 1,
                    result.seconds.get(seed - 1),
                    100 * result.accuracy.get(seed - 1));
        }
        return result;
    }

    private List<Point> study(MnistTraining mnist) {
        List<Point> points = new ArrayList<>();
        points.add(point(mnist, 1, 64, "one worker", new OuterOptimizer.None()));
        Map<String, OuterOptimizer> averagings = new LinkedHashMap<>();
        averagings.put("plain", new OuterOptimizer.None());
        averagings.put("momentum", new OuterOptimizer.Momentum(null, null));
        averagings.put("nesterov, 0.5, 1", new OuterOptimizer.Nesterov(0.5, 1.0));
        averagings.put("nesterov", new OuterOptimizer.Nesterov(null, null));
        for (int count : workers) {
            for (int steps : localSteps) {
                averagings.forEach((name, outer) -> points.add(point(mnist, count, steps, name, outer)));
            }
        }
        return points;
    }

    private Point point(MnistTraining mnist, int count, int steps, String name, OuterOptimizer outer) {
        SyncSpec sync = SyncSpec.averaging(steps).with(outer);
        List<EpochReport> reports = mnist.train(MnistTraining.Way.rounds(count, sync), 1, epochs, STUDY_WARMUP);
        Double accuracy = reports.size() < epochs ? null : (Double) accuracy(reports.get(epochs - 1));
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

    private static double accuracy(EpochReport epoch) {
        Optional<Evaluation> test = epoch.test();
        return test.orElseThrow().accuracy();
    }
}
