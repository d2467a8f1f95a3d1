package dev.convoy.train.worker;

import dev.convoy.data.ImageBatch;
import dev.convoy.model.Progress;
import dev.convoy.model.Vector;
import dev.convoy.model.backend.LocalTrainer;
import dev.convoy.model.backend.StepKey;
import dev.convoy.train.Quarantined;
import dev.convoy.train.TrainingSpec;
import dev.convoy.train.sync.Exchange;
import dev.convoy.train.sync.SumLayout;
import dev.convoy.train.sync.SyncSpec;
import java.nio.FloatBuffer;
import java.util.List;

/** What one worker does between two exchanges, on the thread that owns its replica. */
public final class WorkerRound {
    private final LocalTrainer trainer;
    private final TrainingSpec spec;
    private final BatchStream batches;
    private final Progress begin;
    private final GradientConsumer early;

    private long trained;
    private long rejected;
    private double lossSum;
    private double rates;

    /**
     * @param early takes parts of the gradient while the rest is computed; null if nobody does
     */
    public WorkerRound(
            LocalTrainer trainer, TrainingSpec spec, BatchStream batches, Progress begin, GradientConsumer early) {
        this.trainer = trainer;
        this.spec = spec;
        this.batches = batches;
        this.begin = begin;
        this.early = early;
    }

    /**
     * What came of it.
     *
     * @param trained examples, the contribution's weight; 0 under quarantine
     * @param leftOut examples lost to quarantine
     * @param norm of the contribution
     * @param dataSeconds of the seconds, those without a batch to train on
     * @param quarantined null if the contribution counts
     */
    public record WorkerResult(
            long trained,
            long rejected,
            long leftOut,
            double lossSum,
            double norm,
            double seconds,
            double dataSeconds,
            Quarantined quarantined) {}

    /**
     * Takes the steps. Afterwards the trainer's parameters and buffers are distances, until they are set again.
     *
     * @param bound the largest norm that counts
     */
    public WorkerResult run(int steps, double bound) {
        long began = System.nanoTime();
        double waitedBefore = batches.waitedSeconds();
        if (spec.sync().exchange() != Exchange.GRADIENT) {
            trainer.markParameters();
        }
        trainer.markBuffers();
        Quarantined.Fault fault = null;
        long step = begin.globalStep();
        for (; step < begin.globalStep() + steps && fault == null; step++) {
            double loss = step((int) (begin.step() + step - begin.globalStep()), step);
            fault = Double.isFinite(loss) ? null : Quarantined.Fault.LOSS;
            lossSum += loss;
        }
        double norm = trained == 0 || fault != null ? 0 : toUpdate();
        if (fault == null) {
            fault = fault(norm, bound);
        }
        double seconds = (System.nanoTime() - began) / 1e9;
        double dataSeconds = batches.waitedSeconds() - waitedBefore;
        if (fault == null) {
            return new WorkerResult(trained, rejected, 0, lossSum, norm, seconds, dataSeconds, null);
        }
        Quarantined quarantined = new Quarantined(batches.worker(), step - 1, fault);
        return new WorkerResult(0, rejected, planned(steps) - rejected, 0, 0, seconds, dataSeconds, quarantined);
    }

    /** The loss, summed over the step's examples; 0 if there are none. */
    private double step(int step, long globalStep) {
        ImageBatch batch = batches.at(step);
        if (batch == null) {
            return 0;
        }
        rejected += batches.plan().batchSize(batches.worker(), step) - batch.size();
        if (batch.size() == 0) {
            return 0;
        }
        trained += batch.size();
        StepKey key = new StepKey(spec.seed(), globalStep, batches.worker());
        if (spec.sync().exchange() == Exchange.GRADIENT) {
            rates = 1;
            return early == null
                    ? trainer.replica().train(batch, key)
                    : trainer.replica().train(batch, key, from -> early.submit(trained, from));
        }
        double rate = spec.rate(globalStep, batches.plan());
        rates += rate;
        return trainer.step(batch, key, rate);
    }

    /** Makes what is to be exchanged; the norm, not finite if any of it is not. */
    private double toUpdate() {
        double buffers = trainer.bufferDistance().norm();
        double moved = update().norm();
        // A schedule may come down to a rate of nothing, by which nothing moves.
        double norm = rates > 0 ? moved / rates : moved;
        return Double.isFinite(buffers) ? norm : buffers;
    }

    private Vector update() {
        return spec.sync().exchange() == Exchange.GRADIENT ? trainer.replica().gradient() : trainer.parameterDistance();
    }

    private static Quarantined.Fault fault(double norm, double bound) {
        if (!Double.isFinite(norm)) {
            return Quarantined.Fault.UPDATE;
        }
        return norm > bound ? Quarantined.Fault.NORM : null;
    }

    private long planned(int steps) {
        long planned = 0;
        for (int i = 0; i < steps; i++) {
            planned += batches.plan().batchSize(batches.worker(), begin.step() + i);
        }
        return planned;
    }

    /**
     * Copies a contribution that counts.
     *
     * @param parameters how many floats of gradient or distance are not there yet, from the first on
     */
    public static void copy(LocalTrainer trainer, SyncSpec sync, SumLayout layout, int parameters, FloatBuffer target) {
        boolean gradient = sync.exchange() == Exchange.GRADIENT;
        (gradient ? trainer.replica().gradient() : trainer.replica().parameters())
                .get(0, parameters, layout.update(target));
        trainer.replica().buffers().get(layout.buffers(target));
        List<Vector> slots = trainer.slots();
        for (int i = 0; i < layout.slots(); i++) {
            slots.get(i).get(layout.slot(target, i));
        }
    }
}
