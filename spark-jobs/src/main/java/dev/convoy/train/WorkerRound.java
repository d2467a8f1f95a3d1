package dev.convoy.train;

import dev.convoy.data.EpochPlan;
import dev.convoy.data.ImageBatch;
import dev.convoy.data.WorkerLayout;
import dev.convoy.data.WorkerShard;
import dev.convoy.model.Progress;
import dev.convoy.model.Vector;
import dev.convoy.model.backend.LocalTrainer;
import dev.convoy.model.backend.StepKey;
import java.nio.FloatBuffer;
import java.util.List;

/** What one worker does between two exchanges, on the thread that owns its replica. */
final class WorkerRound {
    private final LocalTrainer trainer;
    private final TrainingSpec spec;
    private final EpochPlan plan;
    private final int worker;
    private final WorkerShard shard;
    private final Progress begin;

    private long trained;
    private long rejected;
    private double lossSum;
    private double rates;

    WorkerRound(
            LocalTrainer trainer,
            TrainingSpec spec,
            WorkerLayout layout,
            int worker,
            WorkerShard shard,
            Progress begin) {
        this.trainer = trainer;
        this.spec = spec;
        this.plan = spec.plan(layout, begin.epoch());
        this.worker = worker;
        this.shard = shard;
        this.begin = begin;
    }

    /**
     * What came of it.
     *
     * @param trained examples, the contribution's weight; 0 under quarantine
     * @param leftOut examples lost to quarantine
     * @param norm of the contribution
     * @param quarantined null if the contribution counts
     */
    record Outcome(
            long trained,
            long rejected,
            long leftOut,
            double lossSum,
            double norm,
            double seconds,
            Quarantined quarantined) {}

    /**
     * Takes the steps. Afterwards the trainer's parameters and buffers are distances, until they are set again.
     *
     * @param bound the largest norm that counts
     */
    Outcome run(int steps, double bound) {
        long began = System.nanoTime();
        if (spec.sync().exchange() != Exchange.GRADIENT) {
            trainer.markParameters();
        }
        trainer.markBuffers();
        Quarantined.Fault fault = null;
        long step = begin.globalStep();
        for (; step < begin.globalStep() + steps && fault == null; step++) {
            double loss = step(plan.batch(worker, (int) (begin.step() + step - begin.globalStep())), step);
            fault = Double.isFinite(loss) ? null : Quarantined.Fault.LOSS;
            lossSum += loss;
        }
        double norm = trained == 0 || fault != null ? 0 : toUpdate();
        if (fault == null) {
            fault = fault(norm, bound);
        }
        double seconds = (System.nanoTime() - began) / 1e9;
        if (fault == null) {
            return new Outcome(trained, rejected, 0, lossSum, norm, seconds, null);
        }
        Quarantined quarantined = new Quarantined(worker, step - 1, fault);
        return new Outcome(0, rejected, planned(steps) - rejected, 0, 0, seconds, quarantined);
    }

    /** The loss, summed over the step's examples; 0 if there are none. */
    private double step(long[] ids, long globalStep) {
        if (ids.length == 0) {
            return 0;
        }
        ImageBatch batch = spec.augmentation().apply(shard.gather(ids), spec.seed(), begin.epoch());
        rejected += ids.length - batch.size();
        if (batch.size() == 0) {
            return 0;
        }
        trained += batch.size();
        StepKey key = new StepKey(spec.seed(), globalStep, worker);
        if (spec.sync().exchange() == Exchange.GRADIENT) {
            rates = 1;
            return trainer.replica().train(batch, key);
        }
        double rate = spec.rate(globalStep, plan);
        rates += rate;
        return trainer.step(batch, key, rate);
    }

    /** Makes what is to be exchanged; the norm, not finite if any of it is not. */
    private double toUpdate() {
        double buffers = trainer.bufferDistance().norm();
        double norm = update().norm() / rates;
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
            planned += plan.batch(worker, begin.step() + i).length;
        }
        return planned;
    }

    /** Copies a contribution that counts. */
    static void copy(LocalTrainer trainer, SyncSpec sync, SumLayout layout, FloatBuffer target) {
        boolean gradient = sync.exchange() == Exchange.GRADIENT;
        (gradient ? trainer.replica().gradient() : trainer.replica().parameters()).get(layout.update(target));
        trainer.replica().buffers().get(layout.buffers(target));
        List<Vector> slots = trainer.slots();
        for (int i = 0; i < layout.slots(); i++) {
            slots.get(i).get(layout.slot(target, i));
        }
    }
}
