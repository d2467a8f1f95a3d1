package dev.convoy.train;

import dev.convoy.data.ClassWeights;
import dev.convoy.model.Network;
import java.util.List;

/**
 * Observes training; called on the driver, in order, and must not change anything. A listener that throws is named in the log and not
 * called again; training goes on. What must not be lost is kept by a {@link TrainingStore}.
 */
public interface TrainingListener {
    /**
     * What is known before the first step.
     *
     * @param network that is trained
     * @param spec how
     * @param workers that train it
     * @param stepsPerEpoch in every epoch
     * @param classNames in the order of the class indexes
     * @param perClass training images of each class
     * @param testImages how many there are
     * @param classWeights what the loss of training images is multiplied by
     * @param start the state that training begins with, or goes on from
     * @param history of the epochs before it, in earlier attempts
     */
    record Run(
            Network network,
            TrainingSpec spec,
            int workers,
            int stepsPerEpoch,
            List<String> classNames,
            List<Long> perClass,
            long testImages,
            ClassWeights classWeights,
            TrainingState start,
            TrainingHistory history) {}

    /** How training has ended. */
    enum Ending {
        /** All epochs were done, or more of them would not have helped. */
        COMPLETED,
        /** Losses or weights were not finite, or far too large, and going on would not have helped. */
        DIVERGED,
        /** Something else went wrong. */
        FAILED,
        /** The process or the thread was told to end. */
        INTERRUPTED
    }

    /** Training is about to begin. */
    default void runStarted(Run run) {}

    /** A round is complete. */
    default void roundCompleted(RoundReport round) {}

    /**
     * An epoch is complete, evaluated, and kept.
     *
     * @param state after the epoch
     */
    default void epochCompleted(EpochReport epoch, TrainingState state) {}

    /**
     * Training has ended; nothing comes after.
     *
     * @param state after the last call of the master that came back
     */
    default void runEnded(Ending ending, TrainingState state) {}
}
