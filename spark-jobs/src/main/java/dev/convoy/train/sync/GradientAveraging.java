package dev.convoy.train.sync;

import dev.convoy.data.ImageBatch;
import dev.convoy.model.Progress;
import dev.convoy.model.Vector;
import dev.convoy.model.backend.LocalTrainer;
import dev.convoy.model.backend.StepKey;
import java.util.Optional;
import java.util.function.DoubleSupplier;
import java.util.function.IntConsumer;

/** Gradients are averaged after every step, and the optimizer runs once on their mean: W workers are one on a W times larger batch. */
public record GradientAveraging() implements Exchange {
    /** How much longer a step may take with an exchange at every one, which needs no other learning rate. */
    private static final double BEARABLE = 1.15;

    /**
     * Whether to prefer gradients, which train as one worker on larger batches does, to an exchange that lets workers part in between.
     *
     * @param seconds of a step with gradients
     * @param otherSeconds of a step with the other
     */
    public static boolean isWorthwhile(double seconds, double otherSeconds) {
        return seconds <= BEARABLE * otherSeconds;
    }

    @Override
    public int stepsOfRound(Progress begin, int stepsOfEpoch) {
        return 1;
    }

    @Override
    public boolean averagesOptimizer() {
        return false;
    }

    @Override
    public boolean appliesOptimizer() {
        return true;
    }

    @Override
    public boolean isReadyInParts() {
        return true;
    }

    @Override
    public void begin(LocalTrainer trainer) {
        trainer.markBuffers();
    }

    @Override
    public DoubleSupplier step(
            LocalTrainer trainer, ImageBatch batch, StepKey key, double rate, Optional<IntConsumer> ready) {
        return trainer.replica().propagate(batch, key, ready);
    }

    @Override
    public void end(LocalTrainer trainer) {
        trainer.replaceBuffersByDistance();
    }

    @Override
    public Vector update(LocalTrainer trainer) {
        return trainer.replica().gradient();
    }

    @Override
    public double norm(LocalTrainer trainer, double rates) {
        return update(trainer).norm();
    }

    @Override
    public void rewind(LocalTrainer trainer) {
        trainer.rewindBuffers();
    }

    @Override
    public void move(TrainedVectors vectors, int from, Mean mean, double rate, long steps) {
        vectors.optimizer()
                .step(vectors.parameters(), vectors.update(), vectors.slots(), vectors.decayed(), rate, steps);
    }

    @Override
    public long optimizerStepsAfter(long before, int steps) {
        return before + 1;
    }
}
