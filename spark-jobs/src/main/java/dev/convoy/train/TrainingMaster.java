package dev.convoy.train;

import dev.convoy.model.ModelState;
import java.util.function.Consumer;

/** Moves a model forward by letting workers train and putting together what they bring home. */
public interface TrainingMaster extends AutoCloseable {
    /**
     * Trains for a number of rounds within one epoch.
     *
     * @param state where to start; not changed
     * @param rounds at least 1; the epoch's end ends them in any case
     * @param onRound hears of every round once it is complete
     * @return the state after the last round
     * @throws DivergedException if a loss is not finite; it carries the last good state
     */
    ModelState advance(ModelState state, int rounds, Consumer<RoundReport> onRound);

    /** Frees what it holds beyond its calls. */
    @Override
    default void close() {}
}
