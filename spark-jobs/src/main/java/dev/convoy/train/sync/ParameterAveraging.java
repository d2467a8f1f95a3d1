package dev.convoy.train.sync;

import dev.convoy.data.ImageBatch;
import dev.convoy.data.InvalidValueException;
import dev.convoy.model.Progress;
import dev.convoy.model.Vector;
import dev.convoy.model.backend.LocalTrainer;
import dev.convoy.model.backend.StepKey;
import java.util.Optional;
import java.util.function.DoubleSupplier;
import java.util.function.IntConsumer;

/**
 * Every worker takes its own steps for a round; the mean of how far they have moved, weighted by examples, moves the model: McDonald, Hall
 * and Mann, NAACL 2010, with {@link OuterOptimizer}s.
 *
 * @param localSteps steps of a round, at least 1, or {@link #AUTO}
 * @param warmupRounds rounds of a single step with which training begins, at least 0
 * @param optimizerState what becomes of it between rounds
 * @param outer what is done with the mean distance
 */
public record ParameterAveraging(
        int localSteps, int warmupRounds, OptimizerStatePolicy optimizerState, OuterOptimizer outer)
        implements Exchange {
    /** Stands for a number of local steps that the first rounds measure. */
    public static final int AUTO = 0;

    public ParameterAveraging {
        if (localSteps < 0) {
            throw new InvalidValueException("localSteps", localSteps, "it must be at least 1, or auto");
        }
        if (warmupRounds < 0) {
            throw new InvalidValueException("warmupRounds", warmupRounds, "it must be at least 0");
        }
    }

    /** Plain averaging after this many steps, of the optimizer's memory too. */
    public static ParameterAveraging every(int localSteps) {
        return new ParameterAveraging(localSteps, 0, OptimizerStatePolicy.AVERAGE, new OuterOptimizer.None());
    }

    /** Training begins with rounds of a single step. */
    public ParameterAveraging withWarmupRounds(int rounds) {
        return new ParameterAveraging(localSteps, rounds, optimizerState, outer);
    }

    /** The optimizer's memory is treated otherwise. */
    public ParameterAveraging withOptimizerState(OptimizerStatePolicy policy) {
        return new ParameterAveraging(localSteps, warmupRounds, policy, outer);
    }

    /** The mean distance is used otherwise. */
    public ParameterAveraging withOuter(OuterOptimizer optimizer) {
        return new ParameterAveraging(localSteps, warmupRounds, optimizerState, optimizer);
    }

    @Override
    public int stepsOfRound(Progress begin, int stepsOfEpoch) {
        boolean single = begin.globalRound() < warmupRounds || isMeasuring(begin);
        int steps = single ? 1 : begin.localSteps() > 0 ? begin.localSteps() : localSteps;
        return Math.min(steps, stepsOfEpoch - begin.step());
    }

    @Override
    public boolean isMeasuring(Progress begin) {
        return localSteps == AUTO && begin.localSteps() == 0;
    }

    @Override
    public boolean averagesOptimizer() {
        return optimizerState == OptimizerStatePolicy.AVERAGE;
    }

    @Override
    public boolean appliesOptimizer() {
        return false;
    }

    @Override
    public boolean isReadyInParts() {
        return false;
    }

    @Override
    public boolean hasVelocity() {
        return outer.hasVelocity();
    }

    @Override
    public void begin(LocalTrainer trainer) {
        trainer.markParameters();
        trainer.markBuffers();
    }

    @Override
    public DoubleSupplier step(
            LocalTrainer trainer, ImageBatch batch, StepKey key, double rate, Optional<IntConsumer> ready) {
        return trainer.step(batch, key, rate);
    }

    @Override
    public void end(LocalTrainer trainer) {
        trainer.replaceBuffersByDistance();
        trainer.replaceParametersByDistance();
    }

    @Override
    public Vector update(LocalTrainer trainer) {
        return trainer.replica().parameters();
    }

    @Override
    public double norm(LocalTrainer trainer, double rates) {
        double moved = update(trainer).norm();
        // A schedule may come down to a rate of nothing, by which nothing moves.
        return rates > 0 ? moved / rates : moved;
    }

    @Override
    public void rewind(LocalTrainer trainer) {
        trainer.rewindParameters();
        trainer.rewindBuffers();
    }

    @Override
    public void move(TrainedVectors vectors, int from, Mean mean, double rate, long steps) {
        outer.step(vectors.parameters(), vectors.update(), vectors.velocity());
        for (int i = 0; i < vectors.slots().size(); i++) {
            Vector slot = vectors.slots().get(i);
            if (averagesOptimizer()) {
                mean.slot(i, from, slot);
            } else {
                slot.set(new float[slot.length()]);
            }
        }
    }

    @Override
    public long optimizerStepsAfter(long before, int steps) {
        return averagesOptimizer() ? before + steps : 0;
    }
}
