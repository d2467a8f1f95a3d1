package dev.convoy.train.sync;

import dev.convoy.data.InvalidValueException;
import java.io.Serializable;
import java.time.Duration;

/**
 * When a round goes on without its slow workers: so long after so many have come.
 *
 * @param quorum the share of workers without which no round ends, above 0; 1 waits for all
 * @param roundTimeout how long the others are waited for after that, 1 s to a day
 */
public record LatePolicy(double quorum, Duration roundTimeout) implements Serializable {
    private static final double ROUNDING = 1e-9;
    private static final Duration LONGEST = Duration.ofDays(1);

    /** Rounds wait for all workers, for as long as it takes. */
    public static final LatePolicy WAIT_FOR_ALL = new LatePolicy(1, LONGEST);

    public LatePolicy {
        if (!(quorum > 0 && quorum <= 1)) {
            throw new InvalidValueException(
                    "quorum", quorum, "it is a share of the workers, above 0 and at most 1, which waits for all");
        }
        if (roundTimeout.toSeconds() < 1 || roundTimeout.compareTo(LONGEST) > 0) {
            throw new InvalidValueException(
                    "roundTimeout", roundTimeout.toSeconds(), "allowed are 1 to " + LONGEST.toSeconds() + " seconds");
        }
    }

    /** Whether no worker is ever late. */
    public boolean waitsForAll() {
        return quorum == 1;
    }

    /** The number of workers without which a round does not end; at least 1. */
    public int needed(int workers) {
        // A share such as 0.07 of 100 is a little more than 7, as floating point has it.
        return Math.max(1, (int) Math.ceil(quorum * workers - ROUNDING));
    }
}
