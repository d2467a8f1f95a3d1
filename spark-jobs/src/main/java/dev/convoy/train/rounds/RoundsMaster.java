package dev.convoy.train.rounds;

import dev.convoy.data.plan.EpochPlan;
import dev.convoy.data.rdd.ImageShards;
import dev.convoy.model.ModelState;
import dev.convoy.model.Progress;
import dev.convoy.train.DivergedException;
import dev.convoy.train.EpochTotals;
import dev.convoy.train.Quarantined;
import dev.convoy.train.RoundObserver;
import dev.convoy.train.RoundReport;
import dev.convoy.train.TrainingMaster;
import dev.convoy.train.TrainingSpec;
import dev.convoy.train.TrainingState;
import dev.convoy.train.replica.ReplicaSpec;
import dev.convoy.train.sync.Exchange;
import dev.convoy.train.sync.LocalStepsTuning;
import dev.convoy.train.sync.NormHistory;
import dev.convoy.train.sync.SumLayout;
import dev.convoy.train.transport.BlockLostException;
import dev.convoy.train.transport.StateBroadcast;
import java.util.List;
import java.util.Locale;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import org.apache.spark.api.java.JavaSparkContext;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One Spark job a round: the state goes out, contributions come back and are summed by rank. A task that is lost is repeated by
 * Spark from the same state and the same plan, and so brings home the same numbers. Only a round that goes on without
 * slow workers, where {@link dev.convoy.train.sync.LatePolicy} allows it, depends on who was slow, and cannot be
 * repeated to the bit.
 */
public final class RoundsMaster implements TrainingMaster {
    private static final Logger LOG = LoggerFactory.getLogger(RoundsMaster.class);

    /** How often executors may go with what they have computed before a round is given up. */
    private static final int ATTEMPTS = 4;

    private final JavaSparkContext spark;
    private final ImageShards shards;
    private final ReplicaSpec replica;
    private final TrainingSpec spec;
    private final Exchange exchange;
    private final SumLayout layout;
    private final Reduction reduction;
    private final MeanOnDriver mean;

    public RoundsMaster(JavaSparkContext spark, ImageShards shards, ReplicaSpec replica, TrainingSpec spec) {
        this.spark = spark;
        this.shards = shards;
        this.replica = replica;
        this.spec = spec;
        this.exchange = spec.sync().exchange();
        this.layout = exchange.layout(replica.bind().layout(), spec.optimizer().slotCount());
        this.reduction = Reduction.of(layout.length(), shards.layout().workers(), spark.isLocal());
        if (!spec.sync().late().waitsForAll()) {
            reduction.requireDirect();
        }
        this.mean = new MeanOnDriver(spec, layout, replica.bind().layout().decayMask());
    }

    @Override
    public TrainingState advance(TrainingState state, int rounds, RoundObserver observer) {
        int epoch = state.progress().epoch();
        EpochPlan plan = spec.plan(shards.layout(), epoch);
        TrainingState current = round(state, plan, observer);
        for (int left = rounds - 1; left > 0 && current.progress().epoch() == epoch && !observer.wantsEnd(); left--) {
            if (observer.wantsState()) {
                observer.stateReached(current);
            }
            current = next(current, plan, observer);
        }
        return current;
    }

    /** A round after others: what these have come to is not lost if it fails, or is cancelled. */
    private TrainingState next(TrainingState begin, EpochPlan plan, RoundObserver observer) {
        try {
            return round(begin, plan, observer);
        } catch (DivergedException e) {
            throw e;
        } catch (Exception | Error e) {
            // Exception, since Spark's own are checked but not declared; and memory may be short.
            observer.stateReached(begin);
            throw e;
        }
    }

    private TrainingState round(TrainingState begin, EpochPlan plan, RoundObserver observer) {
        long began = System.nanoTime();
        Progress start = begin.progress();
        int steps = exchange.stepsOfRound(start, plan.steps());
        Contribution sum = runRound(begin, steps);
        ModelState lastGood = lastGood(begin, sum);
        NormHistory norms = begin.norms().after(sum.quarantined().size(), sum.weight(), sum.normSum());
        boolean others = sum.counts().late() > 0;
        if (norms.mustEnd(sum.quarantined().size(), sum.weight(), others)) {
            throw new DivergedException(start, lastGood, sum.quarantined());
        }
        double rate = spec.rate(start.globalStep(), plan);
        MeanOnDriver.Update update = mean.apply(begin, sum, rate, steps);
        reduction.release(sum);
        checkFinite(update.model(), begin, steps);
        double seconds = (System.nanoTime() - began) / 1e9;
        LocalStepsTuning tuning =
                exchange.isMeasuring(start) ? begin.tuning().after(slowest(sum), seconds) : begin.tuning();
        Progress progress = start.afterRound(steps, sum.counts().trained(), plan.steps());
        if (exchange.isMeasuring(start)) {
            progress = progress.withLocalSteps(tuning.localSteps(plan.steps()));
        }
        RoundReport report = new RoundReport(
                progress,
                start.step() == 0,
                steps,
                rate,
                update.norm(),
                sum.lossSum(),
                sum.counts(),
                sum.quarantined(),
                sum.workers(),
                0,
                seconds);
        observer.roundCompleted(report);
        EpochTotals epoch = begin.epoch().plus(report);
        return new TrainingState(
                update.model(),
                update.optimizer(),
                update.velocity(),
                progress,
                norms,
                tuning,
                epoch,
                List.of(),
                lastGood);
    }

    /** A loss that is not finite at a round's first step condemns the model that the round began with. */
    private static ModelState lastGood(TrainingState begin, Contribution sum) {
        boolean condemned = sum.quarantined().stream().anyMatch(excluded -> excluded.condemns(begin.progress()));
        return condemned ? begin.lastGood() : begin.model();
    }

    private static void checkFinite(ModelState model, TrainingState begin, int steps) {
        if (!model.isFinite()) {
            long last = begin.progress().globalStep() + steps - 1;
            throw new DivergedException(
                    begin.progress(), begin.model(), List.of(new Quarantined(0, last, Quarantined.Fault.MEAN)));
        }
    }

    private static double slowest(Contribution sum) {
        return sum.workers().stream()
                .mapToDouble(RoundReport.WorkerTime::seconds)
                .max()
                .orElseThrow();
    }

    private Contribution runRound(TrainingState begin, int steps) {
        for (int attempt = 1; ; attempt++) {
            try {
                return runJob(begin, steps, attempt > 1);
            } catch (Exception e) {
                // Exception, since Spark's own are checked but not declared.
                if (attempt == ATTEMPTS || !BlockLostException.isBehind(e)) {
                    throw e;
                }
                LOG.warn(
                        "Round {} is repeated, since a contribution went with its executor before the driver had it",
                        begin.progress().globalRound() + 1);
                LOG.debug("The reason", e);
            }
        }
    }

    private Contribution runJob(TrainingState begin, int steps, boolean again) {
        try (StateBroadcast start = StateBroadcast.of(spark, begin.forWorkers(exchange.averagesOptimizer()))) {
            RoundTask task = new RoundTask(
                    replica,
                    spec,
                    shards.layout(),
                    shards.opener(),
                    layout,
                    start,
                    steps,
                    begin.norms().bound(spec.sync().maxNorm()),
                    again);
            return spec.sync().late().waitsForAll()
                    ? reduction.sum(shards.chunks(), task, start)
                    : reduction.sumOnTime(shards.chunks(), task, spec.sync().late(), late(begin.progress(), steps));
        }
    }

    /** What stands in for a worker that is late in a round which begins now. */
    private IntFunction<Contribution> late(Progress begin, int steps) {
        long began = System.nanoTime();
        EpochPlan plan = spec.plan(shards.layout(), begin.epoch());
        return rank -> {
            double seconds = (System.nanoTime() - began) / 1e9;
            long planned = IntStream.range(begin.step(), begin.step() + steps)
                    .mapToLong(step -> plan.batchSize(rank, step))
                    .sum();
            LOG.warn(
                    "Round {} goes on without worker {}, whose {} examples have not come within {} s",
                    begin.globalRound() + 1,
                    rank,
                    planned,
                    String.format(Locale.ROOT, "%.1f", seconds));
            return Contribution.late(planned, seconds);
        };
    }
}
