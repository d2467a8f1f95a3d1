package dev.convoy.train.allreduce;

import dev.convoy.data.ConvoyException;
import dev.convoy.train.RoundObserver;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.commons.lang3.exception.ExceptionUtils;
import org.apache.spark.api.java.JavaFutureAction;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.rdd.RDD;
import scala.Tuple2;
import scala.collection.JavaConverters;
import scala.collection.Seq;
import scala.reflect.ClassTag;
import scala.reflect.ClassTag$;

/** One submission of a segment as a barrier stage, as the driver sees it. Used once. */
final class SegmentAttempt {
    /** How often the driver looks whether the stage has ended. */
    private static final long POLL_MILLIS = 5;

    /** How long a failed rank's own reason is waited for, which comes another way than what Spark says. */
    private static final long REASON_MILLIS = 300;

    /** How the message of a rank reads that knew what a user can do. */
    private static final Pattern KNOWN =
            Pattern.compile("dev\\.convoy\\.[a-z.]*\\w*(?:Convoy|InvalidValue)Exception: (.*)");

    /** How often task slots are counted while no rank has come. */
    private static final long COUNT_NANOS = 1_000_000_000;

    private static final ClassTag<byte[]> BYTES = ClassTag$.MODULE$.apply(byte[].class);

    private final JavaSparkContext spark;
    private final TaskSlots slots;
    private final Segment segment;
    private final RoundDelivery delivery;
    private final RoundObserver observer;
    private final BlockingQueue<SegmentProgressPlugin.Message> messages = new LinkedBlockingQueue<>();
    private final Set<Integer> arrived = new ConcurrentSkipListSet<>();
    private final StateParts parts = new StateParts();
    /** Whether a state that has come waits to be looked at. */
    private volatile boolean hasState;

    /** Null unless it came within this process. */
    private volatile Segment.End end;

    private Optional<SegmentProgressPlugin.Failed> failed = Optional.empty();

    /**
     * @param observer says what it wants of the segment
     */
    SegmentAttempt(
            JavaSparkContext spark, TaskSlots slots, Segment segment, RoundDelivery delivery, RoundObserver observer) {
        this.observer = observer;
        this.spark = spark;
        this.slots = slots;
        this.segment = segment;
        this.delivery = delivery;
    }

    /**
     * Runs the stage to its end.
     *
     * @throws SegmentFailedException if it fails
     * @throws ConvoyException if the thread is interrupted
     */
    Segment.End run() {
        SegmentProgressPlugin.listen(segment.id(), this::take);
        Optional<JavaFutureAction<List<byte[]>>> job = Optional.empty();
        try {
            JavaRDD<byte[]> stage = tasks().barrier()
                    .mapPartitions(new SegmentTask(segment), false, BYTES)
                    .toJavaRDD();
            job = Optional.of(stage.collectAsync());
            follow(job.get());
            List<byte[]> home = job.get().get();
            return home.isEmpty() ? end : Segment.End.read(home.get(0));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ConvoyException("Cannot go on: training was interrupted", e);
        } catch (SegmentFailedException e) {
            throw e;
        } catch (Exception e) {
            // Exception, since Spark's own are checked but not declared.
            throw failure(e);
        } finally {
            SegmentProgressPlugin.silence(segment.id());
            job.filter(running -> !running.isDone()).ifPresent(running -> running.cancel(true));
        }
    }

    /** Takes a message for the thread that follows the stage; called by the threads that bring it. */
    private SegmentProgressPlugin.Wish take(SegmentProgressPlugin.Message message) {
        if (message instanceof SegmentProgressPlugin.Part part) {
            parts.add(part).ifPresent(this::take);
        } else if (message instanceof SegmentProgressPlugin.Ended ended) {
            end = ended.end();
        } else if (message instanceof SegmentProgressPlugin.Reached) {
            hasState = true;
            messages.add(message);
        } else if (!(message instanceof SegmentProgressPlugin.Rounds news
                && news.rounds().isEmpty())) {
            // One without rounds only asks.
            messages.add(message);
        }
        if (observer.wantsEnd()) {
            return SegmentProgressPlugin.Wish.END;
        }
        return !hasState && observer.wantsState()
                ? SegmentProgressPlugin.Wish.STATE
                : SegmentProgressPlugin.Wish.NOTHING;
    }

    /** A partition for each task, with nothing in it, in the place where most of the task's images are. */
    private RDD<byte[]> tasks() {
        List<Tuple2<byte[], Seq<String>>> places = new ArrayList<>();
        for (TaskRanks task : segment.tasks()) {
            List<String> place = task.location().isEmpty() ? List.of() : List.of(task.location());
            places.add(new Tuple2<>(new byte[0], JavaConverters.asScalaBuffer(place)));
        }
        return spark.sc().makeRDD(JavaConverters.asScalaBuffer(places), BYTES);
    }

    private void follow(JavaFutureAction<?> job) throws InterruptedException {
        // As long as members of an attempt before may hold their slots while they wait for one that is lost.
        long timeout = segment.timeoutSeconds();
        int workers = segment.layout().workers();
        long looked = System.nanoTime();
        long counted = looked;
        RoundWatch watch = new RoundWatch();
        while (!job.isDone()) {
            Optional<SegmentProgressPlugin.Message> message =
                    Optional.ofNullable(messages.poll(POLL_MILLIS, TimeUnit.MILLISECONDS));
            message.ifPresent(this::hear);
            watch.look(message.isPresent(), arrived.size(), workers);
            if (arrived.isEmpty() && System.nanoTime() - counted >= COUNT_NANOS) {
                counted = System.nanoTime();
                checkSlots();
            }
            if (System.nanoTime() - looked >= TimeUnit.SECONDS.toNanos(timeout)) {
                looked = System.nanoTime();
                // Spark's own account of tasks may come late.
                if (arrived.isEmpty() && !isRunning(job)) {
                    throw new SegmentFailedException(
                            "Spark has started none of the "
                                    + segment.tasks().size() + " tasks in " + timeout
                                    + " s, the timeout of all-reduce; something else holds its task slots: another job,"
                                    + " or a task of a lost segment that hangs, whose executor must then be ended",
                            false);
                }
            }
        }
    }

    /** Spark would wait for slots that are gone. */
    private void checkSlots() {
        int now = slots.now();
        if (now < segment.tasks().size()) {
            throw new SegmentFailedException(
                    "Executors were lost: Spark has " + now + " task slots left for "
                            + segment.tasks().size() + " tasks",
                    true);
        }
    }

    private boolean isRunning(JavaFutureAction<?> job) {
        return job.jobIds().stream()
                .map(spark.statusTracker()::getJobInfo)
                .filter(Objects::nonNull)
                .flatMapToInt(info -> IntStream.of(info.stageIds()))
                .mapToObj(spark.statusTracker()::getStageInfo)
                .anyMatch(stage -> stage != null && stage.numActiveTasks() > 0);
    }

    private void hear(SegmentProgressPlugin.Message message) {
        if (message instanceof SegmentProgressPlugin.Rounds news) {
            delivery.received(news.first(), news.rounds());
        } else if (message instanceof SegmentProgressPlugin.Reached news) {
            delivery.reached(news.rounds(), news.state());
            hasState = false;
        } else if (message instanceof SegmentProgressPlugin.Arrived news) {
            arrived.addAll(news.ranks());
        } else if (message instanceof SegmentProgressPlugin.Failed news && failed.isEmpty()) {
            failed = Optional.of(news);
        }
    }

    /** Hears what has come, and waits a little for the reason of a failure. */
    private void hearTheRest() throws InterruptedException {
        long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(REASON_MILLIS);
        while (failed.isEmpty() && System.nanoTime() < deadline) {
            Optional.ofNullable(messages.poll(POLL_MILLIS, TimeUnit.MILLISECONDS))
                    .ifPresent(this::hear);
        }
        List<SegmentProgressPlugin.Message> rest = new ArrayList<>();
        messages.drainTo(rest);
        rest.forEach(this::hear);
    }

    /** What went wrong: a rank's own reason, if one has told it, or else what Spark says. */
    private ConvoyException failure(Exception e) {
        try {
            hearTheRest();
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
        String words = ExceptionUtils.getStackTrace(e);
        Matcher known = KNOWN.matcher(words);
        if (known.find()) {
            return new SegmentFailedException(known.group(1), false, e);
        }
        if (failed.isPresent()) {
            return new SegmentFailedException(
                    "Cannot go on with all-reduce: rank "
                            + failed.get().ranks().stream().map(String::valueOf).collect(Collectors.joining(" or "))
                            + " has failed: " + failed.get().reason(),
                    false,
                    e);
        }
        return new SegmentFailedException(
                "Cannot go on with all-reduce:" + missing() + reason(e), SegmentFailedException.tellsOfLoss(words), e);
    }

    /** Names the ranks that never came, if some did. */
    private String missing() {
        int workers = segment.layout().workers();
        List<Integer> missing = IntStream.range(0, workers)
                .filter(rank -> !arrived.contains(rank))
                .boxed()
                .toList();
        return arrived.isEmpty() || missing.isEmpty()
                ? ""
                : " of " + workers + " ranks these never arrived: " + missing + ";";
    }

    private static String reason(Exception e) {
        String cause = String.valueOf(
                e.getCause() == null ? e.getMessage() : e.getCause().getMessage());
        return cause.lines().filter(line -> !line.isBlank()).limit(2).reduce("", (a, b) -> a + " " + b);
    }
}
