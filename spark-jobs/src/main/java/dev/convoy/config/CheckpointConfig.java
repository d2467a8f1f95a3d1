package dev.convoy.config;

import dev.convoy.checkpoint.CheckpointSchedule;
import dev.convoy.checkpoint.Retention;
import dev.convoy.data.InvalidValueException;
import java.util.Optional;

/**
 * {@code checkpoint.*}.
 *
 * @param every how often one is written, or {@code never}
 */
public record CheckpointConfig(String every, Keep keep) {
    private static final String NEVER = "never";

    /**
     * {@code checkpoint.keep.*}.
     *
     * @param every which are kept for good, or {@code never}
     */
    public record Keep(int last, boolean best, String every) {}

    /** How often one is written; empty for never. */
    public Optional<CheckpointSchedule> schedule() {
        return ConfigErrors.under("checkpoint", () -> parse(every));
    }

    /** Which ones are kept. */
    public Retention retention() {
        return ConfigErrors.under("checkpoint.keep", () -> new Retention(keep.last, keep.best, parse(keep.every)));
    }

    private static Optional<CheckpointSchedule> parse(String text) {
        if (text.strip().equals(NEVER)) {
            return Optional.empty();
        }
        try {
            return Optional.of(CheckpointSchedule.parse(text));
        } catch (InvalidValueException e) {
            throw new InvalidValueException(e.property(), e.value(), e.allowed() + "; or " + NEVER);
        }
    }
}
