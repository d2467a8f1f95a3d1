package dev.convoy.train;

/** Keeps what an epoch has come to. Unlike a {@link TrainingListener} it is part of training: if it fails, training ends. */
public interface EpochStore {
    /**
     * Keeps an epoch, before listeners hear of it.
     *
     * @param state after the epoch
     */
    void keep(EpochReport epoch, TrainingState state);
}
