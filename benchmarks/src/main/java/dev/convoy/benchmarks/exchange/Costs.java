package dev.convoy.benchmarks.exchange;

import dev.convoy.benchmarks.contest.Shares;
import dev.convoy.train.RoundReport;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.ToDoubleFunction;
import java.util.stream.Stream;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.executor.TaskMetrics;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerStageSubmitted;
import org.apache.spark.scheduler.SparkListenerTaskEnd;
import org.apache.spark.scheduler.TaskInfo;

/**
 * Finds {@link Shares} from what Spark tells of its tasks and Convoy of its rounds. Spark's times are whole
 * milliseconds.
 */
final class Costs extends SparkListener {
    private static final Path INTERFACES = Path.of("/proc/net/dev");
    private static final double MILLI = 1e-3;

    private final JavaSparkContext spark;
    private final int workers;
    private final Map<Integer, Long> submitted = new ConcurrentHashMap<>();
    private final List<Task> tasks = new ArrayList<>();
    private Double bytesBefore;

    /** A task's seconds. */
    private record Task(double launch, double run, double serialise, double back) {}

    Costs(JavaSparkContext spark, int workers) {
        this.spark = spark;
        this.workers = workers;
        spark.sc().addSparkListener(this);
    }

    @Override
    public void onStageSubmitted(SparkListenerStageSubmitted stage) {
        submitted.put(stage.stageInfo().stageId(), (Long)
                stage.stageInfo().submissionTime().get());
    }

    @Override
    public synchronized void onTaskEnd(SparkListenerTaskEnd end) {
        TaskMetrics metrics = end.taskMetrics();
        TaskInfo info = end.taskInfo();
        long read = metrics.executorDeserializeTime();
        long known = read + metrics.executorRunTime() + metrics.resultSerializationTime();
        tasks.add(new Task(
                MILLI * (info.launchTime() - submitted.get(end.stageId()) + read),
                MILLI * metrics.executorRunTime(),
                MILLI * metrics.resultSerializationTime(),
                MILLI * Math.max(0, info.finishTime() - info.launchTime() - known)));
    }

    /** Starts over. */
    void begin() throws IOException {
        drain();
        synchronized (this) {
            tasks.clear();
        }
        bytesBefore = received();
    }

    /**
     * Since {@link #begin}, in which nothing else ran.
     *
     * @param segments whether rounds ran in few long tasks, and not in one task each
     */
    Shares end(double seconds, List<RoundReport> rounds, boolean segments) throws IOException {
        Double bytes = bytesBefore == null ? null : (Double) ((received() - bytesBefore) / rounds.size());
        drain();
        double slowest =
                rounds.stream().mapToDouble(round -> round.times().compute()).sum();
        double compute =
                rounds.stream().mapToDouble(round -> round.times().busy()).sum() / workers;
        double data = rounds.stream().mapToDouble(round -> round.times().data()).sum() / workers;
        double serialise = perWorker(Task::serialise);
        double launch;
        double network;
        if (segments) {
            double inRounds = rounds.stream().mapToDouble(RoundReport::seconds).sum();
            launch = seconds - inRounds - serialise;
            network = rounds.stream()
                    .mapToDouble(round -> round.times().network())
                    .sum();
        } else {
            launch = perWorker(Task::launch);
            network = perWorker(Task::run) - compute + perWorker(Task::back);
        }
        double reduce = seconds - slowest - launch - serialise - network;
        return new Shares(
                data / seconds,
                (compute - data) / seconds,
                (slowest - compute) / seconds,
                launch / seconds,
                serialise / seconds,
                network / seconds,
                reduce / seconds,
                bytes);
    }

    private synchronized double perWorker(ToDoubleFunction<Task> part) {
        return tasks.stream().mapToDouble(part).sum() / workers;
    }

    private void drain() {
        try {
            spark.sc().listenerBus().waitUntilEmpty();
        } catch (Exception e) {
            // Scala's exceptions are checked, but not declared.
            throw new IllegalStateException("Spark's news do not come", e);
        }
    }

    /** Bytes that all interfaces have received; null where the system does not tell. */
    private static Double received() throws IOException {
        if (!Files.exists(INTERFACES)) {
            return null;
        }
        try (Stream<String> lines = Files.lines(INTERFACES)) {
            return lines.filter(line -> line.contains(":"))
                    .mapToDouble(line ->
                            Double.parseDouble(line.split(":", 2)[1].trim().split("\\s+")[0]))
                    .sum();
        }
    }
}
