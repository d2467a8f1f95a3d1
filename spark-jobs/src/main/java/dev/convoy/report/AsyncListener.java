package dev.convoy.report;

import dev.convoy.train.EpochReport;
import dev.convoy.train.RoundReport;
import dev.convoy.train.TrainingListener;
import dev.convoy.train.TrainingState;

/** Tells a listener on a thread of its own, so that one that is slow or hangs does not hold training up. */
public final class AsyncListener implements TrainingListener, AutoCloseable {
    private final Relay<TrainingListener> relay;

    public AsyncListener(TrainingListener listener) {
        relay = new Relay<>(listener);
    }

    @Override
    public void runStarted(Run run) {
        relay.tell(listener -> listener.runStarted(run));
    }

    @Override
    public void roundCompleted(RoundReport round) {
        relay.tell(listener -> listener.roundCompleted(round));
    }

    @Override
    public void epochCompleted(EpochReport epoch, TrainingState state) {
        relay.tell(listener -> listener.epochCompleted(epoch, state));
    }

    @Override
    public void runEnded(Ending ending, TrainingState state) {
        relay.tell(listener -> listener.runEnded(ending, state));
    }

    /** Waits until the listener was told everything, for ten seconds at most. */
    @Override
    public void close() {
        relay.close();
    }
}
