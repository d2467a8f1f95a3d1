package dev.convoy.train.sync;

import com.fasterxml.jackson.annotation.JsonProperty;

/** What becomes of the workers' optimizer state at the end of a round of parameter averaging. */
public enum OptimizerStatePolicy {
    /** Averaged like the parameters and carried on. */
    @JsonProperty("average")
    AVERAGE,
    /** Every round starts from zero. */
    @JsonProperty("reset")
    RESET
}
