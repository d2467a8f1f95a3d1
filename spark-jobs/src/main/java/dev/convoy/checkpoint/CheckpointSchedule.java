package dev.convoy.checkpoint;

import dev.convoy.data.InvalidValueException;
import dev.convoy.model.Progress;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * How often something is done in a training, written as {@code 500 rounds}, {@code 1 epoch} or {@code 10 minutes}. Rounds and epochs count from the
 * start of the training, so that attempts do not matter; time from the last checkpoint.
 *
 * @param count from 1 to {@link #MAX_COUNT}
 */
public record CheckpointSchedule(int count, Unit unit) {
    /** The largest count. */
    public static final int MAX_COUNT = 1_000_000_000;

    private static final Pattern TEXT = Pattern.compile("([0-9]{1,10}) *(round|epoch|second|minute|hour)s?");

    /** What is counted. */
    public enum Unit {
        ROUND,
        EPOCH,
        SECOND,
        MINUTE,
        HOUR;

        /** Whether this is time. */
        public boolean isTime() {
            return this != ROUND && this != EPOCH;
        }
    }

    public CheckpointSchedule {
        if (count < 1 || count > MAX_COUNT) {
            throw new InvalidValueException("every", count, "allowed are 1 to " + MAX_COUNT);
        }
    }

    /**
     * Reads a schedule.
     *
     * @throws InvalidValueException if the text is none
     */
    public static CheckpointSchedule parse(String text) {
        Matcher parts = TEXT.matcher(text.strip().toLowerCase(Locale.ROOT));
        if (!parts.matches() || Long.parseLong(parts.group(1)) > MAX_COUNT) {
            throw new InvalidValueException(
                    "every",
                    "\"" + text + "\"",
                    "write a number and a unit, for example \"500 rounds\", \"1 epoch\", \"30 seconds\", \"10 minutes\""
                            + " or \"2 hours\"");
        }
        return new CheckpointSchedule(
                Integer.parseInt(parts.group(1)), Unit.valueOf(parts.group(2).toUpperCase(Locale.ROOT)));
    }

    /** The most rounds that may pass from here on before this is due. */
    public int roundsUntilDue(Progress progress) {
        return unit == Unit.ROUND ? (int) (count - progress.globalRound() % count) : Integer.MAX_VALUE;
    }

    /**
     * Whether it is due by rounds or epochs.
     *
     * @param progress at the end of a round, or of an epoch
     */
    public boolean isDue(Progress progress) {
        boolean epochEnds = progress.step() == 0 && progress.epoch() > 0;
        return unit == Unit.ROUND && progress.globalRound() % count == 0
                || unit == Unit.EPOCH && epochEnds && progress.epoch() % count == 0;
    }

    /** Whether it is due by time, so long after the last one. */
    public boolean isDue(long nanosSinceLast) {
        return switch (unit) {
            case ROUND, EPOCH -> false;
            case SECOND -> nanosSinceLast >= TimeUnit.SECONDS.toNanos(count);
            case MINUTE -> nanosSinceLast >= TimeUnit.MINUTES.toNanos(count);
            case HOUR -> nanosSinceLast >= TimeUnit.HOURS.toNanos(count);
        };
    }
}
