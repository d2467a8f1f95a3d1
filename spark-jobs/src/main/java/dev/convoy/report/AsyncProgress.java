package dev.convoy.report;

import dev.convoy.train.EpochReport;
import dev.convoy.train.RoundReport;
import dev.convoy.train.TrainingListener;
import dev.convoy.train.TrainingState;

/** Tells a view on a thread of its own, so that one that is slow or hangs, as a pipe that nobody reads, does not hold training up. */
public final class AsyncProgress implements TrainingListener, AutoCloseable {
    private final Relay<ProgressView> relay;

    public AsyncProgress(ProgressView view) {
        relay = new Relay<>(view);
    }

    @Override
    public void runStarted(Run run) {
        relay.tellSurely(view -> view.started(run));
    }

    @Override
    public void roundCompleted(RoundReport round) {
        relay.tell(view -> view.round(round));
    }

    /** The state stays here: it is large, and a view that hangs would keep one of each epoch. */
    @Override
    public void epochCompleted(EpochReport epoch, TrainingState state) {
        relay.tellSurely(view -> view.epoch(epoch));
    }

    @Override
    public void runEnded(Ending ending, TrainingState state) {
        relay.tellSurely(ProgressView::ended);
    }

    /** Waits until the view was told everything, for ten seconds at most. */
    @Override
    public void close() {
        relay.close();
    }
}
