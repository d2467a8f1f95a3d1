package dev.convoy.train.allreduce;

import dev.convoy.collective.Collective;
import dev.convoy.data.plan.EpochPlan;
import dev.convoy.data.plan.WorkerShard;
import dev.convoy.model.ModelState;
import dev.convoy.model.Progress;
import dev.convoy.model.Vector;
import dev.convoy.model.backend.LocalTrainer;
import dev.convoy.train.Quarantined;
import dev.convoy.train.RoundReport;
import dev.convoy.train.TrainingSpec;
import dev.convoy.train.sync.Exchange;
import dev.convoy.train.sync.SumLayout;
import dev.convoy.train.sync.SyncSpec;
import dev.convoy.train.worker.BatchStream;
import dev.convoy.train.worker.WorkerRound;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The rounds of a segment on one rank, on the thread that owns its replica. Every rank applies the same mean to the same state,
 * so that all of them hold the model.
 */
final class SegmentRun {
    private static final Logger LOG = LoggerFactory.getLogger(SegmentRun.class);
    private static final long MESSAGE_NANOS = 200_000_000;
    /** Models are compared in every so manieth round of an epoch, from the first on. */
    private static final int HASH_INTERVAL = 256;

    private final Segment segment;
    private final TrainingSpec spec;
    private final SyncSpec sync;
    private final int rank;
    private final BatchStream batches;
    private final LocalTrainer trainer;
    private final Collective collective;
    private final EpochPlan plan;
    private final SumLayout layout;
    private final Vector velocity;
    private final Vector mean;

    private final List<RoundReport> rounds = new ArrayList<>();
    private Progress progress;
    private long optimizerSteps;
    private int chosen;
    /** Of the model that the round begins with; 0 in most rounds. */
    private float beginHash;
    /** Whether ranks have come to different models; ends the segment, so that all begin the next with the state of rank 0. */
    private boolean drifted;

    private long lastTold;
    private int delivery;

    SegmentRun(
            Segment segment, int rank, WorkerShard shard, int taskCpus, LocalTrainer trainer, Collective collective) {
        this.segment = segment;
        this.spec = segment.spec();
        this.sync = spec.sync();
        this.rank = rank;
        this.trainer = trainer;
        this.collective = collective;
        ModelState start = segment.start().state();
        this.progress = start.progress();
        this.optimizerSteps = start.optimizer().steps();
        this.plan = spec.plan(segment.layout(), progress.epoch());
        this.batches = new BatchStream(spec, plan, rank, shard, taskCpus, progress.step(), plan.steps());
        this.layout = segment.vector(trainer.slots().size());
        trainer.load(start);
        this.velocity = sync.outer().hasVelocity() ? trainer.spare(0) : null;
        this.mean = sync.exchange() == Exchange.GRADIENT ? trainer.replica().gradient() : trainer.spare(1);
        if (velocity != null) {
            velocity.set(start.velocity().length == 0 ? new float[velocity.length()] : start.velocity());
        }
    }

    Segment.End run() {
        int epoch = progress.epoch();
        List<Quarantined> fatal = List.of();
        try (batches) {
            for (int i = 0; i < segment.rounds() && progress.epoch() == epoch && fatal.isEmpty() && !drifted; i++) {
                fatal = round();
            }
        }
        return new Segment.End(state(), rounds, segment.quarantine(), segment.choice(), fatal);
    }

    /** One round; what ended training, if anything did. */
    private List<Quarantined> round() {
        long began = System.nanoTime();
        int steps = sync.stepsOfRound(progress, plan);
        beginHash = progress.round() % HASH_INTERVAL == 0 ? modelHash() : 0;
        // Null if gradients leave only when all of them are there.
        GradientOverlap early = collective.acceptsParts()
                ? new GradientOverlap(trainer.replica().gradient(), collective)
                : null;
        WorkerRound.WorkerResult outcome = new WorkerRound(trainer, spec, batches, progress, early)
                .run(steps, segment.quarantine().bound());
        if (outcome.trained() > 0) {
            int parameters = early == null ? layout.parameters() : early.rest();
            WorkerRound.copy(trainer, sync, layout, parameters, collective.vector());
        }
        double networkBefore = collective.networkSeconds();
        collective.sum(slots(outcome));
        double network = collective.networkSeconds() - networkBefore;
        double weight = total(ControlSlot.WEIGHT);
        List<Quarantined> out = quarantined();
        double norms = IntStream.range(0, segment.layout().workers())
                .mapToDouble(other -> (double) collective.slot(other, ControlSlot.WEIGHT.ordinal())
                        * collective.slot(other, ControlSlot.NORM.ordinal()))
                .sum();
        boolean end = segment.quarantine().mustEnd(out.size(), weight, norms);
        drifted = isDrifted();
        apply(end ? 0 : weight, steps);
        if (end) {
            return out;
        }
        finish(steps, out, network, began);
        return List.of();
    }

    /** A number that a float holds exactly, and that is not 0. */
    private float modelHash() {
        int bits = Arrays.hashCode(trainer.replica().parameters().toArray());
        return 1 + ((bits ^ bits >>> 16) & 0x7FFFFF);
    }

    /** Whether ranks began the round with different models, as hosts with different processors may round differently. All see the same. */
    private boolean isDrifted() {
        float first = collective.slot(0, ControlSlot.MODEL_HASH.ordinal());
        boolean differ = IntStream.range(1, segment.layout().workers())
                .anyMatch(other -> collective.slot(other, ControlSlot.MODEL_HASH.ordinal()) != first);
        if (differ && rank == 0) {
            LOG.warn(
                    "Ranks have come to different models by round {}; all go on from that of rank 0. Do their hosts have"
                            + " different processors?",
                    progress.round());
        }
        return differ;
    }

    private float[] slots(WorkerRound.WorkerResult outcome) {
        float[] slots = new float[ControlSlot.values().length];
        slots[ControlSlot.WEIGHT.ordinal()] = outcome.trained();
        ControlSlot.TRAINED.put(slots, outcome.trained());
        ControlSlot.REJECTED.put(slots, outcome.rejected());
        ControlSlot.LEFT_OUT.put(slots, outcome.leftOut());
        slots[ControlSlot.LOSS_SUM.ordinal()] = (float) outcome.lossSum();
        slots[ControlSlot.LOSS_SUM_LOW.ordinal()] = (float) (outcome.lossSum() - (float) outcome.lossSum());
        slots[ControlSlot.NORM.ordinal()] = (float) Math.min(Float.MAX_VALUE, outcome.norm());
        slots[ControlSlot.SECONDS.ordinal()] = (float) outcome.seconds();
        slots[ControlSlot.DATA_SECONDS.ordinal()] = (float) outcome.dataSeconds();
        if (outcome.quarantined() != null) {
            slots[ControlSlot.FAULT.ordinal()] =
                    1 + outcome.quarantined().fault().ordinal();
            slots[ControlSlot.FAULT_STEP.ordinal()] = outcome.quarantined().globalStep() - progress.globalStep();
        }
        slots[ControlSlot.LOCAL_STEPS.ordinal()] = chosen;
        slots[ControlSlot.MODEL_HASH.ordinal()] = beginHash;
        return slots;
    }

    private double total(ControlSlot slot) {
        return IntStream.range(0, segment.layout().workers())
                .mapToDouble(other -> collective.slot(other, slot.ordinal()))
                .sum();
    }

    private long count(ControlSlot low, ControlSlot high) {
        return ControlSlot.count(total(low), total(high));
    }

    private List<Quarantined> quarantined() {
        return IntStream.range(0, segment.layout().workers())
                .filter(other -> collective.slot(other, ControlSlot.FAULT.ordinal()) > 0)
                .mapToObj(other -> new Quarantined(
                        other,
                        progress.globalStep() + (long) collective.slot(other, ControlSlot.FAULT_STEP.ordinal()),
                        Quarantined.Fault.values()[(int) collective.slot(other, ControlSlot.FAULT.ordinal()) - 1]))
                .toList();
    }

    /** Moves the state by the mean; with a weight of 0 it stays where the round began. */
    private void apply(double weight, int steps) {
        float share = weight == 0 ? 0 : (float) (1 / weight);
        FloatBuffer sums = collective.total();
        boolean gradient = sync.exchange() == Exchange.GRADIENT;
        if (!gradient) {
            trainer.rewindParameters();
        }
        trainer.rewindBuffers(layout.buffers(sums), share);
        if (weight == 0) {
            return;
        }
        mean.set(share, layout.update(sums));
        if (gradient) {
            trainer.update(spec.rate(progress.globalStep(), plan));
            return;
        }
        sync.outer().step(trainer.replica().parameters(), mean, velocity);
        if (sync.averagesOptimizer()) {
            for (int i = 0; i < layout.slots(); i++) {
                trainer.slots().get(i).set(share, layout.slot(sums, i));
            }
            // Rounds in which nothing was trained have moved nothing.
            optimizerSteps += steps;
            trainer.setSteps(optimizerSteps);
        } else {
            trainer.resetOptimizer();
        }
    }

    private void finish(int steps, List<Quarantined> out, double network, long began) {
        RoundReport.Times workers = IntStream.range(0, segment.layout().workers())
                .mapToObj(other -> RoundReport.Times.of(
                        collective.slot(other, ControlSlot.SECONDS.ordinal()),
                        collective.slot(other, ControlSlot.DATA_SECONDS.ordinal())))
                .reduce(RoundReport.Times.NONE, RoundReport.Times::beside);
        RoundReport.Counts counts = new RoundReport.Counts(
                count(ControlSlot.TRAINED, ControlSlot.TRAINED_HIGH),
                count(ControlSlot.REJECTED, ControlSlot.REJECTED_HIGH),
                0,
                count(ControlSlot.LEFT_OUT, ControlSlot.LEFT_OUT_HIGH),
                0);
        boolean measuring = sync.isMeasuring(progress);
        progress = progress.afterRound(steps, counts.trained(), plan.steps());
        if (measuring) {
            // Rank 0's clock decides for all, a round later.
            int agreed = (int) collective.slot(0, ControlSlot.LOCAL_STEPS.ordinal());
            progress = agreed > 0 ? progress.withLocalSteps(agreed) : progress;
            chosen = segment.choice().measured(plan, workers.compute(), (System.nanoTime() - began) / 1e9);
        }
        if (rank == 0) {
            double seconds = (System.nanoTime() - began) / 1e9;
            RoundReport.Times times = workers.beside(new RoundReport.Times(0, 0, 0, network));
            double loss = total(ControlSlot.LOSS_SUM) + total(ControlSlot.LOSS_SUM_LOW);
            rounds.add(new RoundReport(progress, steps, loss, counts, out, times, seconds));
            tell();
        }
    }

    /** Keeps news for a while, so that a fast step does not make a message of its own. */
    private void tell() {
        long now = System.nanoTime();
        if (now - lastTold > MESSAGE_NANOS) {
            List<RoundReport> news = List.copyOf(rounds.subList(delivery, rounds.size()));
            SegmentProgressPlugin.tell(
                    new SegmentProgressPlugin.Message(segment.id(), SegmentProgressPlugin.ROUNDS, news));
            lastTold = now;
            delivery = rounds.size();
        }
    }

    private ModelState state() {
        return new ModelState(
                trainer.replica().parameters().toArray(),
                trainer.replica().buffers().toArray(),
                sync.averagesOptimizer() || sync.exchange() == Exchange.GRADIENT
                        ? trainer.optimizerState()
                        : segment.start().state().optimizer(),
                velocity == null ? new float[0] : velocity.toArray(),
                progress);
    }
}
