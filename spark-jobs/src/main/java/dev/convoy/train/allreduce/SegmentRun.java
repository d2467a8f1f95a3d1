package dev.convoy.train.allreduce;

import dev.convoy.collective.Collective;
import dev.convoy.data.plan.EpochPlan;
import dev.convoy.data.plan.WorkerShard;
import dev.convoy.model.ModelState;
import dev.convoy.model.Progress;
import dev.convoy.model.backend.LocalTrainer;
import dev.convoy.train.EpochTotals;
import dev.convoy.train.Quarantined;
import dev.convoy.train.RoundReport;
import dev.convoy.train.TrainingSpec;
import dev.convoy.train.TrainingState;
import dev.convoy.train.sync.Exchange;
import dev.convoy.train.sync.LocalStepsTuning;
import dev.convoy.train.sync.Mean;
import dev.convoy.train.sync.NormHistory;
import dev.convoy.train.sync.SumLayout;
import dev.convoy.train.transport.StateBlocks;
import dev.convoy.train.worker.BatchStream;
import dev.convoy.train.worker.WorkerResult;
import dev.convoy.train.worker.WorkerRound;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The rounds of a segment in one task, on the thread that owns its replica. The task's ranks take their turns in every round, each from
 * where the round began; then all of them are summed. Every task applies the same mean to the same state, so that all of them hold the
 * model. Used once.
 */
final class SegmentRun {
    private static final Logger LOG = LoggerFactory.getLogger(SegmentRun.class);

    /** Models are compared in one round of an epoch out of this many, from the first on. */
    private static final int HASH_INTERVAL = 256;

    private final Segment segment;
    private final TrainingSpec spec;
    private final Exchange exchange;
    private final List<WorkerShard> shards;
    private final int taskCpus;
    private final EpochTotals startEpoch;
    private final List<Integer> ranks;
    private final LocalTrainer trainer;
    private final SegmentModel model;
    private final Collective collective;
    private final List<Integer> grouping;
    private final EpochPlan plan;
    private final SumLayout layout;

    /** Of the task with rank 0; the others have nothing to tell. */
    private final Optional<SegmentReporter> reporter;

    private final boolean inPlace;

    private Progress progress;
    private NormHistory norms;
    private LocalStepsTuning tuning;
    private long optimizerSteps;
    private List<Quarantined> fatal = List.of();
    /** Whether ranks have come to different models, so that all have to begin with the state of rank 0, or the driver wants an end or cannot be handed the state. */
    private boolean ended;

    /** The model that the last round began with, if it went well. */
    private Optional<ModelState> lastGood = Optional.empty();

    SegmentRun(
            Segment segment,
            List<Integer> ranks,
            List<WorkerShard> shards,
            int taskCpus,
            LocalTrainer trainer,
            Collective collective,
            List<Integer> grouping,
            Optional<SegmentReporter> reporter) {
        this.segment = segment;
        this.spec = segment.spec();
        this.exchange = spec.sync().exchange();
        this.ranks = ranks;
        this.grouping = grouping;
        this.reporter = reporter;
        this.trainer = trainer;
        this.collective = collective;
        this.shards = shards;
        this.taskCpus = taskCpus;
        this.layout = segment.vector();
        boolean besideRank0 = grouping.get(ranks.get(0)).equals(grouping.get(0));
        StateBlocks start = segment.start().blocks();
        this.startEpoch = start.head().epoch();
        this.progress = start.head().progress();
        this.norms = start.head().norms();
        this.tuning = start.head().tuning();
        this.optimizerSteps = start.head().optimizerSteps();
        this.model = collective.holds()
                ? new HeldModel(
                        trainer, exchange, collective, segment.replica().bind().layout(), start, besideRank0)
                : OwnModel.load(trainer, exchange, segment.start());
        this.plan = spec.plan(segment.layout(), progress.epoch());
        // A rank that shares its replica with no other one lets gradients come to where they are summed.
        this.inPlace = exchange.isReadyInParts()
                && ranks.size() == 1
                && trainer.replica().takesMemory();
        if (inPlace) {
            trainer.replica().placeGradient(Optional.of(layout.update(collective.vector(ranks.get(0)))));
        }
    }

    /** Runs the rounds; how they ended, where rank 0 is. */
    Optional<Segment.End> run() {
        int epoch = progress.epoch();
        List<BatchStream> batches = new ArrayList<>();
        try (model) {
            for (int i = 0; i < ranks.size(); i++) {
                batches.add(new BatchStream(
                        spec, plan, ranks.get(i), shards.get(i), taskCpus, progress.step(), plan.steps()));
            }
            for (int left = segment.rounds(); left > 0 && goesOn(epoch); left--) {
                round(batches, left == 1);
                if (left > 1 && goesOn(epoch)) {
                    reporter.filter(SegmentReporter::wantsState).ifPresent(telling -> telling.handOver(state()));
                }
            }
            return reporter.map(telling ->
                    new Segment.End(state(), lastGood.isPresent(), telling.rounds(), fatal, collective.memoryUse()));
        } finally {
            batches.forEach(BatchStream::close);
            if (inPlace) {
                trainer.replica().placeGradient(Optional.empty());
            }
        }
    }

    private boolean goesOn(int epoch) {
        return progress.epoch() == epoch && fatal.isEmpty() && !ended;
    }

    private void round(List<BatchStream> batches, boolean last) {
        long began = System.nanoTime();
        Progress begin = progress;
        int steps = exchange.stepsOfRound(begin, plan.steps());
        // Of the other rounds nobody will ask.
        boolean ends = reporter.filter(SegmentReporter::wantsEnd).isPresent();
        boolean asked = reporter.isPresent() && (ends || last || begin.step() + steps == plan.steps());
        Optional<ModelState> before = asked ? Optional.of(modelState()) : Optional.empty();
        float hash = begin.round() % HASH_INTERVAL == 0 ? modelHash() : 0;
        int localSteps = exchange.isMeasuring(begin) ? tuning.localSteps(plan.steps()) : 0;
        float[][] slots = takeTurns(batches, begin, steps).stream()
                .map(result -> GatheredRound.slots(result, begin, localSteps, hash, ends))
                .toArray(float[][]::new);
        double networkBefore = collective.networkSeconds();
        collective.sum(slots);
        double network = collective.networkSeconds() - networkBefore;
        GatheredRound gathered = new GatheredRound(collective, segment.layout().workers(), begin);
        List<Quarantined> excluded = gathered.quarantined();
        double weight = gathered.weight();
        norms = norms.after(excluded.size(), weight, gathered.normSum());
        ended = isDrifted(gathered) || gathered.ends();
        if (norms.mustEnd(excluded.size(), weight, false)) {
            fatal = excluded;
            return;
        }
        lastGood = before.filter(known -> excluded.stream().noneMatch(worker -> worker.condemns(begin)));
        double rate = spec.rate(begin.globalStep(), plan);
        double updateNorm = weight == 0 ? 0 : apply(new Mean(collective::total, layout, weight), rate, steps);
        progress = begin.afterRound(steps, gathered.counts().trained(), plan.steps());
        if (exchange.isMeasuring(begin)) {
            tune(gathered, (System.nanoTime() - began) / 1e9);
        }
        if (reporter.isPresent()) {
            report(gathered, steps, rate, updateNorm, network, (System.nanoTime() - began) / 1e9);
        }
    }

    private void report(
            GatheredRound gathered, int steps, double rate, double updateNorm, double network, double seconds) {
        RoundReport report = new RoundReport(
                progress,
                gathered.begin().step() == 0,
                steps,
                rate,
                updateNorm,
                gathered.lossSum(),
                gathered.counts(),
                gathered.quarantined(),
                gathered.workerTimes(),
                network,
                seconds);
        reporter.ifPresent(telling -> telling.add(report));
    }

    /** What came of the round for each of this task's ranks; the trainer is where the round began. */
    private List<WorkerResult> takeTurns(List<BatchStream> batches, Progress begin, int steps) {
        // Of the last rank nobody asks what its steps have made of the optimizer's memory.
        boolean stepsOptimizer = !exchange.appliesOptimizer();
        if (ranks.size() > 1 && stepsOptimizer) {
            trainer.markOptimizer();
        }
        List<WorkerResult> results = new ArrayList<>();
        for (int i = 0; i < ranks.size(); i++) {
            if (i > 0 && stepsOptimizer) {
                trainer.rewindOptimizer();
            }
            results.add(takeSteps(ranks.get(i), batches.get(i), begin, steps));
            exchange.rewind(trainer);
        }
        return results;
    }

    private WorkerResult takeSteps(int rank, BatchStream batches, Progress begin, int steps) {
        Optional<GradientOverlap> overlap = collective.acceptsParts()
                ? Optional.of(new GradientOverlap(exchange.update(trainer), collective, rank, inPlace))
                : Optional.empty();
        double bound = norms.bound(spec.sync().maxNorm());
        WorkerResult result = new WorkerRound(trainer, spec, batches, begin, overlap).run(steps, bound);
        if (result.trained() > 0) {
            int parameters = overlap.map(GradientOverlap::rest).orElse(layout.parameters());
            FloatBuffer vector = collective.vector(rank);
            int rest = layout.parameters();
            WorkerRound.copy(trainer, exchange, layout, 0, vector.slice(0, inPlace ? 0 : parameters));
            WorkerRound.copy(trainer, exchange, layout, rest, vector.slice(rest, layout.length() - rest));
        }
        return result;
    }

    /** A number that a float holds exactly, and that is not 0. */
    private float modelHash() {
        int bits = Arrays.hashCode(trainer.replica().parameters().toArray());
        return 1 + ((bits ^ bits >>> 16) & 0x7FFFFF);
    }

    private boolean isDrifted(GatheredRound gathered) {
        boolean differ = gathered.isDrifted();
        if (differ && reporter.isPresent()) {
            LOG.warn(
                    "Ranks have come to different models by round {}; all go on from that of rank 0. Do their hosts have"
                            + " different processors?",
                    progress.round());
        }
        return differ;
    }

    /** Moves the state; the norm of the mean, where rank 0 is. */
    private double apply(Mean mean, double rate, int steps) {
        optimizerSteps = exchange.optimizerStepsAfter(optimizerSteps, steps);
        return model.move(mean, rate, optimizerSteps, reporter.isPresent());
    }

    /** Measures a round; what rank 0's clock has come to decides for all, a round later. */
    private void tune(GatheredRound gathered, double seconds) {
        progress = gathered.localSteps() > 0 ? progress.withLocalSteps(gathered.localSteps()) : progress;
        List<RoundReport.WorkerTime> times = gathered.workerTimes();
        double slowest = segment.tasks().stream()
                .mapToDouble(task -> task.ranks().stream()
                        .mapToDouble(rank -> times.get(rank).seconds())
                        .sum())
                .max()
                .orElseThrow();
        tuning = tuning.after(slowest, seconds);
    }

    private ModelState modelState() {
        return new ModelState(
                trainer.replica().parameters().toArray(),
                trainer.replica().buffers().toArray());
    }

    private TrainingState state() {
        ModelState now = modelState();
        return new TrainingState(
                now,
                model.optimizerState(),
                model.velocity(),
                progress,
                norms,
                tuning,
                startEpoch,
                grouping,
                lastGood.orElse(now));
    }
}
