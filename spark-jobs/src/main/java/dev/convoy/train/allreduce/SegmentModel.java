package dev.convoy.train.allreduce;

import dev.convoy.model.optimizer.OptimizerState;
import dev.convoy.train.sync.Mean;

/** The model of a segment, in a task: where its parameters, and the memory of its optimizers, are, and who moves them. */
sealed interface SegmentModel extends AutoCloseable permits OwnModel, HeldModel {
    /**
     * Moves the model by the mean of a round; all tasks do so at the same time. Afterwards the task's replica has the new model.
     *
     * @param rate the learning rate of the round's first step
     * @param steps that have gone into the optimizer's memory with this round
     * @param measured whether this task wants to know the norm
     * @return the norm of the mean update; 0 if the task does not want to know
     */
    double move(Mean mean, double rate, long steps, boolean measured);

    /** A copy of the optimizer's memory. */
    OptimizerState optimizerState();

    /** A copy of the outer optimizer's memory; empty without one. */
    float[] velocity();

    /** Leaves the replica with memory of its own. */
    @Override
    void close();
}
