package dev.convoy.train.worker;

import dev.convoy.data.ImageBatch;
import dev.convoy.model.Progress;
import dev.convoy.model.Vector;
import dev.convoy.model.backend.LocalTrainer;
import dev.convoy.model.backend.StepKey;
import dev.convoy.train.Quarantined;
import dev.convoy.train.RoundReport;
import dev.convoy.train.TrainingSpec;
import dev.convoy.train.sync.Exchange;
import dev.convoy.train.sync.SumLayout;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.function.BooleanSupplier;
import java.util.function.DoubleSupplier;
import java.util.function.IntConsumer;

/** What one worker does between two exchanges, on the thread that owns its replica. Used once. */
public final class WorkerRound {
    private final LocalTrainer trainer;
    private final TrainingSpec spec;
    private final Exchange exchange;
    private final BatchStream batches;
    private final Progress begin;
    /** Hears from where on the gradient is ready; empty if nobody wants to know. */
    private final Optional<IntConsumer> ready;

    private long trained;
    private long rejected;
    private double lossSum;
    private double rates;

    /**
     * @param begin where the round begins
     * @param overlap takes parts of the gradient while the rest is computed; empty if nobody does
     */
    public WorkerRound(
            LocalTrainer trainer,
            TrainingSpec spec,
            BatchStream batches,
            Progress begin,
            Optional<? extends GradientConsumer> overlap) {
        this.trainer = trainer;
        this.spec = spec;
        this.exchange = spec.sync().exchange();
        this.batches = batches;
        this.begin = begin;
        this.ready = overlap.map(parts -> offset -> parts.submit(trained, offset));
    }

    /**
     * Takes the steps. Afterwards the trainer's vectors are the contribution, until they are rewound.
     *
     * @param bound the largest norm that counts
     */
    public WorkerResult run(int steps, double bound) {
        return run(steps, bound, () -> false);
    }

    /**
     * Takes the steps, unless nobody waits for them any more.
     *
     * @param bound the largest norm that counts
     * @param cancelled asked before each step
     * @throws CancellationException if it was cancelled; the trainer's vectors then hold nothing of use
     */
    public WorkerResult run(int steps, double bound, BooleanSupplier cancelled) {
        long began = System.nanoTime();
        double waitedBefore = batches.waitedSeconds();
        exchange.begin(trainer);
        List<DoubleSupplier> losses = new ArrayList<>();
        for (int step = 0; step < steps; step++) {
            if (cancelled.getAsBoolean()) {
                throw new CancellationException("The round has gone on without this worker");
            }
            losses.add(step(begin.step() + step, begin.globalStep() + step));
        }
        int sound = read(losses);
        Optional<Quarantined.Fault> fault = sound < steps ? Optional.of(Quarantined.Fault.LOSS) : Optional.empty();
        double norm = 0;
        if (trained > 0 && fault.isEmpty()) {
            exchange.end(trainer);
            norm = norm();
            fault = fault(norm, bound);
        }
        RoundReport.WorkerTime time =
                new RoundReport.WorkerTime((System.nanoTime() - began) / 1e9, batches.waitedSeconds() - waitedBefore);
        if (fault.isEmpty()) {
            return new WorkerResult(trained, rejected, 0, lossSum, norm, time, Optional.empty());
        }
        long last = begin.globalStep() + Math.min(sound, steps - 1);
        Quarantined quarantined = new Quarantined(batches.worker(), last, fault.get());
        return new WorkerResult(0, rejected, planned(steps) - rejected, 0, 0, time, Optional.of(quarantined));
    }

    /** Adds up losses until one is not finite; answers how many there are before. It waits until all steps are computed. */
    private int read(List<DoubleSupplier> losses) {
        double[] values =
                losses.stream().mapToDouble(DoubleSupplier::getAsDouble).toArray();
        int sound = 0;
        while (sound < values.length && Double.isFinite(values[sound])) {
            lossSum += values[sound++];
        }
        return sound;
    }

    /** Reads the loss, summed over the step's examples; 0 if there are none. */
    private DoubleSupplier step(int step, long globalStep) {
        Optional<ImageBatch> next = batches.at(step);
        if (next.isEmpty()) {
            return () -> 0;
        }
        ImageBatch batch = next.get();
        rejected += batches.plan().batchSize(batches.worker(), step) - batch.size();
        if (batch.size() == 0) {
            return () -> 0;
        }
        trained += batch.size();
        double rate = spec.rate(globalStep, batches.plan());
        rates += rate;
        return exchange.step(trainer, batch, new StepKey(spec.seed(), globalStep, batches.worker()), rate, ready);
    }

    /** The norm of what is to be exchanged; not finite if any of it is not. */
    private double norm() {
        double buffers = trainer.replica().buffers().norm();
        double norm = exchange.norm(trainer, rates);
        return Double.isFinite(buffers) ? norm : buffers;
    }

    private static Optional<Quarantined.Fault> fault(double norm, double bound) {
        if (!Double.isFinite(norm)) {
            return Optional.of(Quarantined.Fault.UPDATE);
        }
        return norm > bound ? Optional.of(Quarantined.Fault.NORM) : Optional.empty();
    }

    private long planned(int steps) {
        long planned = 0;
        for (int i = 0; i < steps; i++) {
            planned += batches.plan().batchSize(batches.worker(), begin.step() + i);
        }
        return planned;
    }

    /** Copies a part of a contribution that counts, from an offset on, as much as the target has room for. */
    public static void copy(LocalTrainer trainer, Exchange exchange, SumLayout layout, int from, FloatBuffer target) {
        List<Vector> vectors = new ArrayList<>(
                List.of(exchange.update(trainer), trainer.replica().buffers()));
        vectors.addAll(trainer.slots().subList(0, layout.slots()));
        int begin = target.position() - from;
        for (Vector vector : vectors) {
            int first = Math.max(0, target.position() - begin);
            int end = Math.min(vector.length(), target.limit() - begin);
            if (first < end) {
                vector.get(first, end - first, target.slice(begin + first, end - first));
            }
            begin += vector.length();
        }
    }
}
