package dev.convoy.train;

import dev.convoy.data.ConvoyException;
import dev.convoy.data.InvalidValueException;
import dev.convoy.data.plan.EpochPlan;
import dev.convoy.data.plan.WorkerLayout;
import dev.convoy.model.optimizer.LearningRate;
import dev.convoy.model.optimizer.OptimizerSpec;
import dev.convoy.train.sync.SyncSpec;
import java.io.Serializable;

/**
 * How to train, apart from the network and the data.
 *
 * @param seed decides weights, layout, order and dropout
 * @param epochs at least 1
 * @param batchSize examples per worker and step
 * @param sync what workers exchange and how often
 * @param loading how batches are made
 */
public record TrainingSpec(
        long seed,
        int epochs,
        int batchSize,
        OptimizerSpec optimizer,
        LearningRate learningRate,
        SyncSpec sync,
        BatchLoading loading)
        implements Serializable {
    public TrainingSpec {
        if (epochs < 1) {
            throw new InvalidValueException("epochs", epochs, "it must be at least 1");
        }
    }

    /** With plain batches. */
    public TrainingSpec(
            long seed, int epochs, int batchSize, OptimizerSpec optimizer, LearningRate learningRate, SyncSpec sync) {
        this(seed, epochs, batchSize, optimizer, learningRate, sync, BatchLoading.PLAIN);
    }

    /** The plan of one epoch. */
    public EpochPlan plan(WorkerLayout layout, int epoch) {
        return new EpochPlan(seed, epoch, layout, batchSize, loading.shuffle());
    }

    /**
     * Fails if the schedule takes the rate so low that the last epochs would learn nothing.
     *
     * @throws ConvoyException naming the rate
     */
    public void checkRates(int stepsPerEpoch) {
        double last = learningRate.at((epochs - 1L) * stepsPerEpoch, stepsPerEpoch, epochs);
        if (!(last >= Float.MIN_NORMAL)) {
            throw new ConvoyException(
                    "Cannot train for " + epochs + " epochs with this schedule: by the last of them the"
                            + " learning rate is " + last
                            + ", with which nothing is learned; lower it later or by less");
        }
    }

    /** The learning rate of a step, counted from the start. */
    public double rate(long globalStep, EpochPlan plan) {
        return learningRate.at(globalStep, plan.steps(), epochs);
    }
}
