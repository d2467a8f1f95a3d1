package dev.convoy.train.allreduce;

import dev.convoy.data.ConvoyException;
import dev.convoy.data.rdd.ImageShards;
import dev.convoy.data.rdd.ShardOpener;
import dev.convoy.model.ModelState;
import dev.convoy.model.Progress;
import dev.convoy.train.DivergedException;
import dev.convoy.train.Quarantined;
import dev.convoy.train.RoundObserver;
import dev.convoy.train.TrainingMaster;
import dev.convoy.train.TrainingSpec;
import dev.convoy.train.TrainingState;
import dev.convoy.train.replica.ReplicaSpec;
import dev.convoy.train.transport.StateBroadcast;
import java.util.List;
import java.util.UUID;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaSparkContext;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One barrier stage, a segment, from one evaluation to the next: executors sum among themselves after every round and all hold the model.
 * Where Spark has fewer task slots than there are workers, a task runs several in turn; every attempt counts slots anew.
 * If an executor is lost Spark gives the stage up; then it is submitted again from the state that the driver has, so that nothing is
 * lost or counted twice; rank 0 hands it a newer one when one is wanted. The life of a segment:
 *
 * <pre>
 * every shard is opened on its executor            in a stage of its own, which may take as long as it takes
 * the state is broadcast, the stage submitted      with a new id
 * ranks arrive, meet, and go through rounds        rank 0 sends reports
 * rank 0 brings home the state                     or the stage fails:
 *   an executor or a peer was lost                 everything again, a few times
 *   anything else                                  training ends with the cause
 * </pre>
 */
public final class AllReduceMaster implements TrainingMaster {
    private static final Logger LOG = LoggerFactory.getLogger(AllReduceMaster.class);

    private final JavaSparkContext spark;
    private final ImageShards shards;
    private final ReplicaSpec replica;
    private final TrainingSpec spec;
    private final AllReduceSpec allReduce;
    private final TaskSlots slots;
    /** Whether shards are open, as far as is known; saves a stage, and changes no result. */
    private boolean opened;
    /** The use of shared memory that the next segment may follow; empty after one that failed. */
    private String memory = "";
    /** The number of tasks that the last segment had; saves waiting, and says what has changed. */
    private int tasks;

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
        this.slots = TaskSlots.of(spark, allReduce.timeoutSeconds());
        check(spark.getConf(), allReduce);
        checkLength(spec.sync()
                .exchange()
                .layout(replica.bind().layout(), spec.optimizer().slotCount())
                .length());
    }

    /** Java maps files in pieces of 2 GiB, and a vector has to lie in one. */
    private void checkLength(int length) {
        long whole = length + (long) shards.layout().workers() * (ControlSlot.values().length + 1);
        if (whole > Integer.MAX_VALUE / Float.BYTES) {
            throw new ConvoyException("Cannot use all-reduce for this network: each worker would exchange " + whole
                    + " values, and at most " + Integer.MAX_VALUE / Float.BYTES
                    + " are possible; let every round begin with an empty optimizer, which exchanges fewer, or sum by"
                    + " rounds");
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
            throw new ConvoyException("Cannot use all-reduce with spark.dynamicAllocation.enabled = true: all workers"
                    + " must run at once, and executors that come and go would end every segment; set it to false and"
                    + " spark.executor.instances to a number, or sum by rounds");
        }
        boolean local = conf.get("spark.master", "").matches("local(\\[.*)?");
        if (!local && allReduce.plainText() == AllReduceSpec.PlainTextPolicy.AS_SPARK_ALLOWS) {
            for (String key : List.of(
                    "spark.authenticate",
                    "spark.network.crypto.enabled",
                    "spark.ssl.enabled",
                    "spark.ssl.rpc.enabled")) {
                if (conf.getBoolean(key, false)) {
                    throw new ConvoyException("Cannot use all-reduce with " + key + " = true: neither Gloo nor NCCL"
                            + " encrypts or authenticates, and weights would travel between hosts in the clear; sum by"
                            + " rounds, or allow plain text on a network that you trust");
                }
            }
        }
    }

    @Override
    public TrainingState advance(TrainingState state, int rounds, RoundObserver observer) {
        Progress begin = state.progress();
        TrainingState current = segment(state, rounds, observer);
        while (true) {
            int left = (int) (rounds - (current.progress().globalRound() - begin.globalRound()));
            if (left == 0 || current.progress().epoch() > begin.epoch() || observer.wantsEnd()) {
                return current;
            }
            // A segment ends before its time if its ranks have come to different models, or rank 0 cannot hand a state
            // over.
            if (observer.wantsState()) {
                observer.stateReached(current);
            }
            current = segment(current, left, observer);
        }
    }

    private TrainingState segment(TrainingState begin, int rounds, RoundObserver observer) {
        RoundDelivery delivery = new RoundDelivery(begin, observer);
        int known = 0;
        for (int attempt = 1; ; attempt++) {
            try {
                return finish(begin, attempt(rounds - delivery.rounds(), delivery, observer), delivery);
            } catch (SegmentFailedException e) {
                if (delivery.rounds() > known) {
                    known = delivery.rounds();
                    attempt = 1;
                }
                if (!e.isLoss()
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
            }
        }
    }

    private Segment.End attempt(int rounds, RoundDelivery delivery, RoundObserver observer) {
        // Twice: executors may be lost while images are read, which takes as long as it takes, and shards with them.
        for (int i = 0; i < 2; i++) {
            countTasks();
            openShards();
        }
        TrainingState begin = delivery.newest();
        // Rounds that were told of cannot be cut otherwise.
        TrainingState start =
                delivery.localSteps() > 0 ? begin.withTuning(begin.tuning().withSettled(delivery.localSteps())) : begin;
        String before = memory;
        memory = "";
        try (StateBroadcast broadcast = StateBroadcast.of(spark, start)) {
            Segment segment = new Segment(
                    UUID.randomUUID().toString(),
                    before,
                    replica,
                    spec,
                    allReduce,
                    shards.layout(),
                    TaskRanks.deal(firstLocations(), tasks),
                    shards.opener(),
                    broadcast,
                    rounds);
            Segment.End end = new SegmentAttempt(spark, slots, segment, delivery, observer).run();
            memory = end.memory();
            return end;
        }
    }

    /** Finds out how many tasks run at once, and says so if they are fewer than workers, or no longer. */
    private void countTasks() {
        int workers = shards.layout().workers();
        int before = tasks;
        tasks = slots.await(workers, before);
        if (tasks != before && tasks < workers) {
            LOG.info(
                    "{} workers in {} task{}: Spark can run no more at once, so the workers of a task take turns",
                    workers,
                    tasks,
                    tasks == 1 ? "" : "s");
        } else if (tasks != before && before > 0) {
            LOG.info("{} workers in as many tasks again", workers);
        }
    }

    private List<String> firstLocations() {
        return shards.locations().stream()
                .map(places -> places.isEmpty() ? "" : places.get(0))
                .toList();
    }

    /**
     * Makes executors keep every shard. That may take as long as it takes: the barrier at which ranks meet afterwards gives nobody the time
     * to rebuild a shard that went with an executor, and its stage does not come from the images, so that Spark could not tell it how.
     */
    private void openShards() {
        if (!opened || shards.locations().stream().anyMatch(List::isEmpty)) {
            ShardOpener opener = shards.opener();
            shards.chunks().foreachPartition(chunks -> {
                if (chunks.hasNext()) {
                    opener.open(chunks);
                }
            });
            opened = true;
        }
    }

    private static TrainingState finish(TrainingState begin, Segment.End end, RoundDelivery delivery) {
        delivery.complete(end.rounds());
        TrainingState known = delivery.newest();
        int since = delivery.since(end.rounds().size());
        TrainingState stopped = end.state();
        if (!end.fatal().isEmpty()) {
            boolean condemned = end.fatal().stream().anyMatch(excluded -> excluded.condemns(stopped.progress()));
            ModelState good = condemned ? delivery.lastGood(since + 1) : stopped.model();
            throw new DivergedException(stopped.progress(), good, end.fatal());
        }
        if (!stopped.model().isFinite()) {
            long step = stopped.progress().globalStep() - 1;
            throw new DivergedException(
                    stopped.progress(), known.model(), List.of(new Quarantined(0, step, Quarantined.Fault.MEAN)));
        }
        warnOfRegrouping(begin, known);
        warnOfRegrouping(known, stopped);
        ModelState lastGood = end.knowsLastGood() ? stopped.lastGood() : delivery.lastGood(since);
        return stopped.withEpoch(delivery.totals()).withLastGood(lastGood);
    }

    private static void warnOfRegrouping(TrainingState before, TrainingState after) {
        if (!before.grouping().isEmpty() && !before.grouping().equals(after.grouping())) {
            LOG.warn(
                    "Workers are summed in other groups than before ({}, were {}): sums round differently, so that the"
                            + " weights will not be, bit for bit, those of a run without such a change",
                    after.grouping(),
                    before.grouping());
        }
    }
}
