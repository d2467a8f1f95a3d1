package dev.convoy.train;

import dev.convoy.data.ConvoyException;
import dev.convoy.data.EpochPlan;
import dev.convoy.data.WorkerLayout;
import dev.convoy.model.LearningRate;
import dev.convoy.model.OptimizerSpec;
import java.io.Serializable;

/**
 * How to train, apart from the network and the data.
 *
 * @param seed decides weights, layout, order and dropout
 * @param epochs at least 1
 * @param batchSize examples per worker and step
 * @param exchange what workers exchange
 * @param localSteps steps per round under parameter averaging; gradient exchange has one
 * @param optimizerState what becomes of it between rounds under parameter averaging
 */
public record TrainingSpec(
        long seed,
        int epochs,
        int batchSize,
        OptimizerSpec optimizer,
        LearningRate learningRate,
        Exchange exchange,
        int localSteps,
        OptimizerStatePolicy optimizerState)
        implements Serializable {
    public TrainingSpec {
        if (epochs < 1) {
            throw new ConvoyException("Cannot train for train.epochs = " + epochs + "; it must be at least 1");
        }
        if (exchange == Exchange.GRADIENT) {
            localSteps = 1;
        }
    }

    /** The plan of one epoch. */
    public EpochPlan plan(WorkerLayout layout, int epoch) {
        return new EpochPlan(seed, epoch, layout, batchSize, localSteps);
    }
}
