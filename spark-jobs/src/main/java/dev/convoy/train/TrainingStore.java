package dev.convoy.train;

import dev.convoy.model.Progress;

/**
 * Keeps what training has come to. Unlike a {@link TrainingListener} it is part of training: if it fails, training ends. Called on the
 * thread that trains, except for {@link #isDue}.
 */
public interface TrainingStore {
    /** The most rounds that may pass before a state is to be offered again, at least 1. */
    default int roundsUntilDue(Progress progress) {
        return Integer.MAX_VALUE;
    }

    /** Whether a state should be offered as soon as there is one. Asked often, and by other threads too. */
    default boolean isDue() {
        return false;
    }

    /**
     * Takes a state from the middle of an epoch, if one is due.
     *
     * @param history up to the epoch before
     */
    default void offer(TrainingHistory history, TrainingState state) {}

    /**
     * Keeps an epoch, before listeners hear of it.
     *
     * @param history with this epoch
     * @param state after the epoch
     */
    void keepEpoch(TrainingHistory history, TrainingState state);

    /**
     * Keeps a state, since training ends before it is done.
     *
     * @param history of the epochs that were evaluated; the state may be one more epoch on
     * @param state the last good one
     */
    default void keepLast(TrainingHistory history, TrainingState state) {}
}
