package dev.convoy.jobs;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.apache.commons.lang3.concurrent.BasicThreadFactory;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerStageSubmitted;
import org.apache.spark.scheduler.SparkListenerTaskEnd;
import org.apache.spark.scheduler.SparkListenerTaskStart;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Names tasks that take many times as long as others of their kind, where they run and since when: Spark itself waits without a word, and for ever, for
 * a file system that hangs. Only says so; what is to be done, only its user can tell.
 */
final class TaskWatchdog extends SparkListener implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(TaskWatchdog.class);
    private static final long POLL_SECONDS = 30;
    private static final long REMOVAL_SECONDS = 30;
    /** As long as nobody knows what is usual. */
    static final long UNUSUAL_MILLIS = 600_000;
    /** Beyond these and so many times the median of its kind a task is named. */
    static final long MIN_MILLIS = 60_000;

    static final int FACTOR = 20;
    private static final int REMEMBERED = 101;

    private record Running(String kind, int index, String executor, String host, long since) {}

    private final LongSupplier clock;
    private final Map<Integer, String> kinds = new ConcurrentHashMap<>();
    private final Map<Long, Running> running = new ConcurrentHashMap<>();
    private final Map<String, Deque<Long>> durations = new HashMap<>();
    /** When a task was named last. */
    private final Map<Long, Long> named = new HashMap<>();

    private ScheduledExecutorService looking;
    private JavaSparkContext spark;

    /**
     * @param clock in milliseconds
     */
    TaskWatchdog(LongSupplier clock) {
        this.clock = clock;
    }

    /** One that looks at a context's tasks until it is closed. */
    static TaskWatchdog watch(JavaSparkContext spark) {
        TaskWatchdog watchdog = new TaskWatchdog(System::currentTimeMillis);
        watchdog.spark = spark;
        spark.sc().addSparkListener(watchdog);
        watchdog.looking = Executors.newSingleThreadScheduledExecutor(new BasicThreadFactory.Builder()
                .namingPattern("convoy-watchdog")
                .daemon(true)
                .build());
        watchdog.looking.scheduleWithFixedDelay(
                () -> watchdog.look().forEach((task, words) -> LOG.warn("{}", words)),
                POLL_SECONDS,
                POLL_SECONDS,
                TimeUnit.SECONDS);
        return watchdog;
    }

    @Override
    public void onStageSubmitted(SparkListenerStageSubmitted stage) {
        kinds.put(stage.stageInfo().stageId(), stage.stageInfo().name());
    }

    @Override
    public void onTaskStart(SparkListenerTaskStart start) {
        if (kinds.getOrDefault(start.stageId(), "").startsWith("collectAsync")) {
            // A segment of all-reduce, whose master knows of its rounds.
            return;
        }
        running.put(
                start.taskInfo().taskId(),
                new Running(
                        kinds.getOrDefault(start.stageId(), "stage " + start.stageId()),
                        start.taskInfo().index(),
                        start.taskInfo().executorId(),
                        start.taskInfo().host(),
                        clock.getAsLong()));
    }

    @Override
    public synchronized void onTaskEnd(SparkListenerTaskEnd end) {
        Running ended = running.remove(end.taskInfo().taskId());
        named.remove(end.taskInfo().taskId());
        if (ended != null) {
            Deque<Long> known = durations.computeIfAbsent(ended.kind, kind -> new ArrayDeque<>());
            known.addLast(clock.getAsLong() - ended.since);
            if (known.size() > REMEMBERED) {
                known.removeFirst();
            }
        }
    }

    /** What there is to say now, by task; of each task again only after it has run for twice as long. */
    synchronized Map<Long, String> look() {
        Map<Long, String> said = new HashMap<>();
        running.forEach((id, task) -> {
            long elapsed = clock.getAsLong() - task.since;
            long usual = median(task.kind);
            long bound = usual < 0 ? UNUSUAL_MILLIS : Math.max(MIN_MILLIS, FACTOR * usual);
            if (elapsed > Math.max(bound, 2 * named.getOrDefault(id, 0L))) {
                named.put(id, elapsed);
                said.put(
                        id,
                        "Task " + task.index + " of \"" + task.kind + "\" on executor " + task.executor + " ("
                                + task.host
                                + ") has run for " + elapsed / 1000 + " s"
                                + (usual < 0 ? "" : "; " + usual / 1000.0 + " s are usual")
                                + "; a file system, a device or native code may hang there");
            }
        });
        return said;
    }

    /** In milliseconds; -1 if none has ended yet. */
    private long median(String kind) {
        Deque<Long> known = durations.getOrDefault(kind, new ArrayDeque<>());
        return known.isEmpty()
                ? -1
                : known.stream().sorted().skip(known.size() / 2).findFirst().orElseThrow();
    }

    /** Looks no more. */
    @Override
    public void close() {
        // On a thread that is interrupted Spark would fail halfway, and wait for ever the next time.
        CompletableFuture.runAsync(() -> spark.sc().removeSparkListener(this), looking)
                .orTimeout(REMOVAL_SECONDS, TimeUnit.SECONDS)
                .exceptionally(e -> {
                    LOG.warn("Spark goes on telling of tasks, though nobody listens: {}", e.toString());
                    return null;
                })
                .join();
        looking.shutdownNow();
    }
}
