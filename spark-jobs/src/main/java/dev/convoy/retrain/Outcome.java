package dev.convoy.retrain;

import java.util.Arrays;
import java.util.Optional;

/** How a night ends, if it does not fail. */
public enum Outcome {
    /** The challenger is the champion now. */
    PROMOTED(0),
    /** The champion stays. */
    REJECTED(10),
    /** There was nothing to decide. */
    NOOP(11),
    /** Another job is at it. */
    LOCKED(12),
    /** The images are not such that a model should learn from them. */
    INVALID_DATA(13),
    /** Classes have come or gone, which somebody has to say yes to. */
    CLASSES_CHANGED(14),
    /** The challenger may be promoted by hand. */
    AWAITING_APPROVAL(15);

    private final int exitCode;

    Outcome(int exitCode) {
        this.exitCode = exitCode;
    }

    /** What the process ends with, so that a scheduler can tell outcomes apart. */
    public int exitCode() {
        return exitCode;
    }

    /** The outcome that a process has ended with; empty if it was none. */
    public static Optional<Outcome> ofExitCode(int code) {
        return Arrays.stream(values())
                .filter(outcome -> outcome.exitCode == code)
                .findFirst();
    }
}
