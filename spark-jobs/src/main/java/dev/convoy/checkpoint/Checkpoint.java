package dev.convoy.checkpoint;

import dev.convoy.train.TrainingHistory;
import dev.convoy.train.TrainingState;

/**
 * A moment of a training.
 *
 * @param state everything that the next round depends on
 * @param history of the epochs that were evaluated; the state may be one epoch further, whose evaluation is then due
 * @param provenance what is trained, on what, and how
 */
public record Checkpoint(TrainingState state, TrainingHistory history, Provenance provenance) {
    /** The number of rounds since the start, which names the checkpoint. */
    public long round() {
        return state.progress().globalRound();
    }
}
