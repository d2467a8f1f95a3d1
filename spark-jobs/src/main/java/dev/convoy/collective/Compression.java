package dev.convoy.collective;

import com.fasterxml.jackson.annotation.JsonProperty;

/** How exactly vectors travel between processes. */
public enum Compression {
    /** As they are. */
    @JsonProperty("none")
    NONE,
    /**
     * bfloat16, rounded to the nearest, ties to even: half the bytes, 8 bits of mantissa. Sums are made in single precision. What
     * rounding loses is not carried over.
     */
    @JsonProperty("bf16")
    BF16
}
