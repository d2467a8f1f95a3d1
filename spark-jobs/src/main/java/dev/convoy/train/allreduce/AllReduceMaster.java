package dev.convoy.train.allreduce;

import dev.convoy.data.ConvoyException;
import dev.convoy.data.rdd.ImageShards;
import dev.convoy.data.rdd.ShardOpener;
import dev.convoy.model.ModelState;
import dev.convoy.model.Progress;
import dev.convoy.train.DivergedException;
import dev.convoy.train.Quarantined;
import dev.convoy.train.RoundReport;
import dev.convoy.train.TrainingMaster;
import dev.convoy.train.TrainingSpec;
import dev.convoy.train.replica.ReplicaSpec;
import dev.convoy.train.sync.LocalStepsChoice;
import dev.convoy.train.sync.Quarantine;
import dev.convoy.train.worker.ModelBroadcast;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.apache.commons.lang3.exception.ExceptionUtils;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaFutureAction;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import scala.reflect.ClassTag;
import scala.reflect.ClassTag$;

/**
 * One barrier stage from one evaluation to the next: executors sum among themselves after every round and all hold the model. If
 * an executor is lost Spark gives the stage up; then it is submitted again from the state that the driver has, with a new
 * rendezvous, so that nothing is lost or counted twice.
 */
public final class AllReduceMaster implements TrainingMaster {
    private static final Logger LOG = LoggerFactory.getLogger(AllReduceMaster.class);
    /** How often the driver looks whether a segment has ended. */
    private static final long POLL_MILLIS = 5;

    /** What a rank that knew the reason has said. */
    private static final Pattern KNOWN = Pattern.compile("dev\\.convoy\\.data\\.ConvoyException: (.*)");

    private static final ClassTag<Segment.End> END = ClassTag$.MODULE$.apply(Segment.End.class);

    private final JavaSparkContext spark;
    private final ImageShards shards;
    private final ReplicaSpec replica;
    private final TrainingSpec spec;
    private final AllReduceSpec allReduce;
    private boolean opened;
    private Quarantine quarantine;
    private LocalStepsChoice choice = new LocalStepsChoice();
    /** The last state with which a segment's first round went well; null before. */
    private ModelState lastGood;

    /**
     * @throws ConvoyException if this Spark cannot run barrier stages, or vectors would travel in the clear where they must not
     */
    public AllReduceMaster(
            JavaSparkContext spark,
            ImageShards shards,
            ReplicaSpec replica,
            TrainingSpec spec,
            AllReduceSpec allReduce) {
        this.spark = spark;
        this.shards = shards;
        this.replica = replica;
        this.spec = spec;
        this.allReduce = allReduce;
        this.quarantine = new Quarantine(spec.sync().maxNorm());
        check(spark.getConf(), allReduce);
        checkLength(spec.sync()
                .layout(replica.bind().layout(), replica.optimizer().slotCount())
                .length());
    }

    /** Java maps files in pieces of 2 GiB, and a vector has to lie in one. */
    private void checkLength(int length) {
        long whole = length + (long) shards.layout().workers() * (ControlSlot.values().length + 1);
        if (whole > Integer.MAX_VALUE / Float.BYTES) {
            throw new ConvoyException(
                    "Cannot use sync.transport = all-reduce for this network: each worker would exchange "
                            + whole + " values, and at most " + Integer.MAX_VALUE / Float.BYTES
                            + " are possible; set sync.optimizer-state = reset, which exchanges fewer, or sync.transport = rounds");
        }
    }

    /**
     * Fails where all-reduce cannot or must not run; needs no cluster.
     *
     * @throws ConvoyException naming the setting
     */
    public static void check(SparkConf conf, AllReduceSpec allReduce) {
        allReduce.backend().checkClassPath();
        if (conf.getBoolean("spark.dynamicAllocation.enabled", false)) {
            throw new ConvoyException(
                    "Cannot use sync.transport = all-reduce with spark.dynamicAllocation.enabled = true:"
                            + " all workers must run at once, and executors that come and go would end every segment; set it to"
                            + " false and spark.executor.instances to a number, or use sync.transport = rounds");
        }
        boolean local = conf.get("spark.master", "").matches("local(\\[.*)?");
        if (!local && allReduce.plainText() == AllReduceSpec.PlainTextPolicy.AS_SPARK_ALLOWS) {
            for (String key : List.of(
                    "spark.authenticate",
                    "spark.network.crypto.enabled",
                    "spark.ssl.enabled",
                    "spark.ssl.rpc.enabled")) {
                if (conf.getBoolean(key, false)) {
                    throw new ConvoyException("Cannot use sync.transport = all-reduce with " + key + " = true: neither"
                            + " Gloo nor NCCL encrypts or authenticates, and weights would travel between hosts in the clear;"
                            + " use sync.transport = rounds, or set sync.allow-plain-text = true on a network that you"
                            + " trust");
                }
            }
        }
    }

    @Override
    public ModelState advance(ModelState state, int rounds, Consumer<RoundReport> onRound) {
        Progress begin = state.progress();
        ModelState now = state;
        // A segment ends before its time if its ranks have come to different models.
        for (int left = rounds; left > 0 && now.progress().epoch() == begin.epoch(); ) {
            now = segment(now, left, onRound);
            left = rounds - (now.progress().round() - begin.round());
        }
        return now;
    }

    private ModelState segment(ModelState state, int rounds, Consumer<RoundReport> onRound) {
        RoundDelivery delivery = new RoundDelivery(onRound);
        ModelBroadcast start = ModelBroadcast.of(spark, state);
        try {
            for (int attempt = 1; ; attempt++) {
                openShards();
                TaskSlots.await(spark, shards.layout().workers(), allReduce.timeoutSeconds());
                Segment.End end;
                try {
                    end = run(start, rounds, delivery);
                } catch (Exception e) {
                    // Exception, since Spark's own are checked but not declared.
                    boolean hopeless = e instanceof HopelessException;
                    if (hopeless
                            || attempt == allReduce.attempts()
                            || Thread.currentThread().isInterrupted()) {
                        throw e;
                    }
                    LOG.warn(
                            "Segment failed in attempt {} of {}; once more: {}",
                            attempt,
                            allReduce.attempts(),
                            e.getMessage());
                    LOG.debug("The reason", e);
                    opened = false;
                    delivery.restarted();
                    if (delivery.localSteps() > 0) {
                        // Rounds that were told cannot be cut otherwise.
                        choice = LocalStepsChoice.repeating(delivery.localSteps());
                    }
                    continue;
                }
                return finish(state, end, delivery);
            }
        } finally {
            start.close();
        }
    }

    /**
     * Brings every shard to where its rank will run. That may take as long as it takes: the barrier at which ranks meet afterwards gives nobody
     * the time to rebuild a shard that went with an executor.
     */
    private void openShards() {
        if (!opened) {
            ShardOpener opener = shards.opener();
            shards.chunks().foreachPartition(chunks -> {
                if (chunks.hasNext()) {
                    opener.open(chunks);
                }
            });
            opened = true;
        }
    }

    /** What would fail again in the same way. */
    private static final class HopelessException extends ConvoyException {
        private static final long serialVersionUID = 1L;

        HopelessException(String message, Throwable cause) {
            super(message, cause);
        }
    }

    private ModelState finish(ModelState state, Segment.End end, RoundDelivery delivery) {
        delivery.complete(end.rounds());
        quarantine = end.quarantine();
        choice = end.choice();
        ModelState stopped = end.state();
        if (!end.fatal().isEmpty()) {
            boolean condemned = end.fatal().stream().anyMatch(out -> out.condemns(stopped.progress()));
            boolean atOnce = end.rounds().isEmpty();
            throw new DivergedException(
                    stopped, condemned ? (atOnce && lastGood != null ? lastGood : state) : stopped, end.fatal());
        }
        // Its first round went well.
        lastGood = state;
        if (!stopped.isFinite()) {
            long step = stopped.progress().globalStep() - 1;
            throw new DivergedException(stopped, state, List.of(new Quarantined(0, step, Quarantined.Fault.MEAN)));
        }
        return stopped;
    }

    private Segment.End run(ModelBroadcast start, int rounds, RoundDelivery delivery) {
        int workers = shards.layout().workers();
        String id = UUID.randomUUID().toString();
        Segment segment = new Segment(
                id, replica, spec, allReduce, shards.layout(), shards.opener(), start, rounds, quarantine, choice);
        BlockingQueue<SegmentProgressPlugin.Message> news = new LinkedBlockingQueue<>();
        Set<Integer> arrived = new ConcurrentSkipListSet<>();
        SegmentProgressPlugin.listen(id, news::add);
        JavaFutureAction<List<Segment.End>> job = null;
        try {
            JavaRDD<Segment.End> stage = shards.chunks()
                    .rdd()
                    .barrier()
                    .mapPartitions(new SegmentTask(segment), false, END)
                    .toJavaRDD();
            job = stage.collectAsync();
            long looked = System.nanoTime();
            RoundWatch watch = new RoundWatch();
            while (!job.isDone()) {
                SegmentProgressPlugin.Message heard = news.poll(POLL_MILLIS, TimeUnit.MILLISECONDS);
                hear(heard, delivery, arrived);
                watch.look(heard != null, arrived.size(), workers);
                if (System.nanoTime() - looked < allReduce.timeoutSeconds() * 1_000_000_000) {
                    continue;
                }
                looked = System.nanoTime();
                if (!isRunning(job)) {
                    throw new ConvoyException("Spark has started none of the " + workers + " tasks in "
                            + allReduce.timeoutSeconds()
                            + " s (sync.timeout); something else holds its task slots: another job,"
                            + " or a task of a lost segment that hangs, whose executor must then be ended");
                }
            }
            return job.get().get(0);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ConvoyException("Cannot go on: training was interrupted", e);
        } catch (Exception e) {
            news.forEach(last -> hear(last, delivery, arrived));
            throw explain(e, workers, arrived);
        } finally {
            SegmentProgressPlugin.silence(id);
            if (job != null && !job.isDone()) {
                job.cancel(true);
            }
        }
    }

    /** Says so if no round ends for many times as long as rounds have taken. */
    private static final class RoundWatch {
        private static final long MIN_SILENCE_NANOS = 60_000_000_000L;
        private static final int FACTOR = 20;

        private long last = System.nanoTime();
        private long longest;
        private long warned;

        void look(boolean heard, int arrived, int workers) {
            long now = System.nanoTime();
            if (heard) {
                longest = Math.max(longest, now - last);
                last = now;
                warned = 0;
            }
            long silent = now - last;
            if (silent > Math.max(Math.max(MIN_SILENCE_NANOS, FACTOR * longest), 2 * warned)) {
                warned = silent;
                LOG.warn(
                        "No round has ended for {} s, where {} s were the longest so far; {} of {} ranks have arrived",
                        silent / 1_000_000_000,
                        longest / 1_000_000_000,
                        arrived,
                        workers);
            }
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

    private static void hear(SegmentProgressPlugin.Message news, RoundDelivery delivery, Set<Integer> arrived) {
        if (news != null && news.rank() == SegmentProgressPlugin.ROUNDS) {
            delivery.received(news.rounds());
        } else if (news != null) {
            arrived.add(news.rank());
        }
    }

    /** Names the ranks that never came, if that was the reason. Of a barrier stage's failure only the words come here. */
    private static RuntimeException explain(Exception e, int workers, Set<Integer> arrived) {
        Matcher known = KNOWN.matcher(ExceptionUtils.getStackTrace(e));
        if (!(e instanceof ConvoyException) && known.find()) {
            return new HopelessException(known.group(1), e);
        }
        List<Integer> missing = IntStream.range(0, workers)
                .filter(rank -> !arrived.contains(rank))
                .boxed()
                .toList();
        String cause = String.valueOf(
                e.getCause() == null ? e.getMessage() : e.getCause().getMessage());
        String reason = cause.lines().filter(line -> !line.isBlank()).limit(2).reduce("", (a, b) -> a + " " + b);
        boolean late = !arrived.isEmpty() && !missing.isEmpty();
        return new ConvoyException(
                "Cannot go on with sync.transport = all-reduce:"
                        + (late ? " of " + workers + " ranks these never arrived: " + missing + ";" : "") + reason,
                e);
    }
}
