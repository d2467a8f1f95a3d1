package dev.convoy.registry;

import dev.convoy.data.InvalidValueException;
import dev.convoy.data.Redaction;
import java.time.Duration;

/**
 * How a lease is taken and held.
 *
 * @param attempt what it is for, in words that others will read
 * @param beat from one sign of life to the next
 * @param stale the age of the last sign of life from which on others may take the lease over; at least three beats
 * @param patience how long to wait while somebody else holds it
 */
public record LeaseOptions(String attempt, Duration beat, Duration stale, Duration patience) {
    private static final Duration BEAT = Duration.ofSeconds(10);
    private static final Duration STALE = Duration.ofSeconds(60);

    public LeaseOptions {
        attempt = Redaction.of(attempt);
        if (beat.toMillis() < 1) {
            throw new InvalidValueException("beat", beat, "it must be at least a millisecond");
        }
        if (stale.compareTo(beat.multipliedBy(3)) < 0) {
            throw new InvalidValueException("stale", stale, "it must be at least three beats, which are " + beat);
        }
        if (patience.isNegative()) {
            throw new InvalidValueException("patience", patience, "it must be at least 0");
        }
    }

    /** A beat every ten seconds, stale after sixty, no patience. */
    public LeaseOptions(String attempt) {
        this(attempt, BEAT, STALE, Duration.ZERO);
    }

    public LeaseOptions withTiming(Duration newBeat, Duration newStale) {
        return new LeaseOptions(attempt, newBeat, newStale, patience);
    }

    public LeaseOptions withPatience(Duration newPatience) {
        return new LeaseOptions(attempt, beat, stale, newPatience);
    }
}
