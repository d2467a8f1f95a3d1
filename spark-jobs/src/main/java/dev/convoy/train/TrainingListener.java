package dev.convoy.train;

import dev.convoy.data.ClassWeights;
import dev.convoy.model.ModelState;
import java.util.List;

/** Observes training; called on the driver, in order, and must not change anything. */
public interface TrainingListener {
    /**
     * Training images weigh differently by class. Called before {@link #started}, if class weights are in use.
     *
     * @param classNames in the order of the class indexes
     */
    default void classesWeighted(List<String> classNames, ClassWeights weights) {}

    /**
     * Training is about to begin.
     *
     * @param parameters trained parameters of the network
     * @param stepsPerEpoch in every epoch
     */
    default void started(int parameters, int epochs, int stepsPerEpoch) {}

    /** A round is complete. */
    default void roundCompleted(RoundReport round) {}

    /**
     * An epoch is complete and evaluated.
     *
     * @param state after the epoch
     */
    default void epochCompleted(EpochReport epoch, ModelState state) {}
}
