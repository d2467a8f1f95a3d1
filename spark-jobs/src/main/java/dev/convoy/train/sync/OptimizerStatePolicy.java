package dev.convoy.train.sync;

/** What becomes of the workers' optimizer state at the end of a round of parameter averaging. */
public enum OptimizerStatePolicy {
    /** Averaged like the parameters and carried on. */
    AVERAGE,
    /** Every round starts from zero. */
    RESET
}
