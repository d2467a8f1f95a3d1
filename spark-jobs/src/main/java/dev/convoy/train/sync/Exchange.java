package dev.convoy.train.sync;

import com.fasterxml.jackson.annotation.JsonProperty;

/** What workers exchange. */
public enum Exchange {
    /** Every worker takes its own steps for a round; the weighted mean of how far they moved is taken. */
    @JsonProperty("parameter-averaging")
    PARAMETER_AVERAGING,
    /** Gradients are averaged every step, and the optimizer runs once on the mean. */
    @JsonProperty("gradient")
    GRADIENT
}
