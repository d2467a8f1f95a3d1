package dev.convoy.checkpoint;

import dev.convoy.data.InvalidValueException;
import dev.convoy.model.Progress;
import java.util.Optional;

/**
 * Which checkpoints are kept; the others are deleted once a newer one is there.
 *
 * @param last how many of the newest, at least 1
 * @param best whether the best epoch's, as far as it has one
 * @param every those that are due by this schedule, of rounds or epochs, for good; empty for none
 */
public record Retention(int last, boolean best, Optional<CheckpointSchedule> every) {
    public Retention {
        if (last < 1) {
            throw new InvalidValueException("last", last, "it must be at least 1");
        }
        if (every.filter(schedule -> schedule.unit().isTime()).isPresent()) {
            throw new InvalidValueException(
                    "every", "a time", "give rounds or epochs, which are the same in every attempt");
        }
    }

    /**
     * Whether a checkpoint is kept.
     *
     * @param newer sound checkpoints that are newer
     * @param isBest whether it is the best epoch's
     */
    boolean keeps(Progress progress, int newer, boolean isBest) {
        return newer < last
                || best && isBest
                || every.filter(schedule -> schedule.isDue(progress)).isPresent();
    }
}
