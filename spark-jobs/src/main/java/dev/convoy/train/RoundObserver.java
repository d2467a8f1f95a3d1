package dev.convoy.train;

/** Follows the rounds that a {@link TrainingMaster} goes through. */
@FunctionalInterface
public interface RoundObserver {
    /** Hears of a round once it is complete; of every one once, in order, on the thread that trains. Must not throw. */
    void roundCompleted(RoundReport round);

    /**
     * Whether a state is wanted soon, though rounds are left: after the round that runs, or, where executors go through rounds among
     * themselves, after one of the next. Asked often, and by other threads too; must not throw.
     */
    default boolean wantsState() {
        return false;
    }

    /**
     * Takes a state that was wanted, or the newest one if a later round fails, on the thread that trains, which may already have heard of
     * later rounds. Training goes on meanwhile where executors go through rounds among themselves.
     */
    default void stateReached(TrainingState state) {}

    /** Whether the master should come back soon, though rounds are left. Asked often, and by other threads too; must not throw. */
    default boolean wantsEnd() {
        return false;
    }
}
