package dev.convoy.retrain;

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

    /** Whether it is one for good, for a challenger. */
    public boolean isDecision() {
        return this == PROMOTED || this == REJECTED || this == AWAITING_APPROVAL;
    }
}
