package dev.convoy.train;

/** Follows the rounds that a {@link TrainingMaster} goes through. */
@FunctionalInterface
public interface RoundObserver {
    /** Hears of a round once it is complete; of every one once, in order, on the thread that trains. Must not throw. */
    void roundCompleted(RoundReport round);

    /**
     * Whether the master should come back with the state soon, though rounds are left: after the round that runs, or, where executors go
     * through rounds among themselves, after one of the next. Asked often, and by other threads too; must not throw.
     */
    default boolean wantsState() {
        return false;
    }
}
