package dev.convoy.train;

/**
 * Moves a model forward by letting workers train and putting together what they bring home. A master holds nothing between calls that
 * results depend on: it may be another one each time, in another process.
 */
public interface TrainingMaster extends AutoCloseable {
    /**
     * What a master can do.
     *
     * @param resumes whether it goes on from any state; otherwise from the one before the first step alone
     * @param stopsWithinEpochs whether {@link #advance} keeps to the number of rounds; otherwise it does whole epochs
     */
    record Capabilities(boolean resumes, boolean stopsWithinEpochs) {
        /** Of a master whose {@link TrainingMaster#advance} is a function of the state. */
        public static final Capabilities ALL = new Capabilities(true, true);
    }

    /** What this master can do. */
    default Capabilities capabilities() {
        return Capabilities.ALL;
    }

    /**
     * Trains for a number of rounds within one epoch. The result is a function of the state: one call for n rounds comes to the same as n
     * calls for one, of this master or of others like it.
     *
     * @param state where to start; not changed
     * @param rounds at least 1; the epoch's end ends them in any case
     * @param observer follows the rounds, and may have them end sooner
     * @return the state after the last round, of at least one
     * @throws DivergedException if training must not go on; it carries the last good model
     */
    TrainingState advance(TrainingState state, int rounds, RoundObserver observer);

    /** Frees what it holds beyond its calls. */
    @Override
    default void close() {}
}
