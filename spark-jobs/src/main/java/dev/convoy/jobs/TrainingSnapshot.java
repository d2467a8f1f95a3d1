package dev.convoy.jobs;

import dev.convoy.model.Progress;
import dev.convoy.train.EarlyStopping;
import dev.convoy.train.TrainingHistory;
import java.util.Optional;
import org.apache.hadoop.fs.Path;

/**
 * What is known of a training while it runs.
 *
 * @param history of the epochs that were evaluated, in all attempts
 * @param progress after the last round that was heard of
 * @param checkpoint the last one; empty if there is none
 * @param failures how often something could not be written in this attempt
 * @param best the best epoch; empty if none is known
 */
record TrainingSnapshot(
        TrainingHistory history,
        Progress progress,
        Optional<String> checkpoint,
        int failures,
        Optional<Result.Best> best) {
    /** Before anything is known. */
    static final TrainingSnapshot NONE =
            new TrainingSnapshot(TrainingHistory.EMPTY, Progress.START, Optional.empty(), 0, Optional.empty());

    /**
     * Tells which epoch is the best, too.
     *
     * @param checkpoint the folder of the last one; empty if there is none
     */
    static TrainingSnapshot of(
            TrainingHistory history,
            Progress progress,
            Optional<Path> checkpoint,
            int failures,
            EarlyStopping stopping) {
        return new TrainingSnapshot(
                history,
                progress,
                checkpoint.map(RunDirectory::shown),
                failures,
                stopping.best(history).map(epoch -> Result.Best.of(epoch, stopping.metric())));
    }
}
