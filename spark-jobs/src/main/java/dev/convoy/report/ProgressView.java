package dev.convoy.report;

import dev.convoy.train.EpochReport;
import dev.convoy.train.RoundReport;
import dev.convoy.train.TrainingListener;

/** Shows how training goes; called on one thread, in order. */
public interface ProgressView {
    /** Training is about to begin. */
    void started(TrainingListener.Run run);

    /** A round is complete. */
    void round(RoundReport round);

    /** An epoch is complete and evaluated. */
    void epoch(EpochReport epoch);

    /** Training has ended. */
    void ended();
}
