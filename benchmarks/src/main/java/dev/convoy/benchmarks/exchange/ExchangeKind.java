package dev.convoy.benchmarks.exchange;

import java.util.Locale;

/** Ways to exchange; the argument is the number of local steps. */
enum ExchangeKind {
    /** Two replicas that never exchange anything, on the same batches of real data. */
    BARE,
    /** The same, each step begun together: what the machine leaves to workers that have to meet, at no cost of exchange. */
    BARE_IN_STEP,
    ROUNDS,
    /** Over the host's shared memory. */
    ALL_REDUCE,
    /** Over Gloo, as between hosts. */
    ALL_REDUCE_GLOO,
    /** Over Gloo, with gradients that leave only when all of them are there. */
    ALL_REDUCE_GLOO_AFTER,
    /** Deeplearning4j's master as its builder sets it up. */
    DL4J_SPARK_DEFAULTS,
    /** Deeplearning4j's master at its best. */
    DL4J_SPARK_TUNED;

    boolean isBare() {
        return this == BARE || this == BARE_IN_STEP;
    }

    boolean isDl4j() {
        return this == DL4J_SPARK_DEFAULTS || this == DL4J_SPARK_TUNED;
    }

    String label(int localSteps) {
        String name = name().toLowerCase(Locale.ROOT).replace('_', '-');
        if (isBare() || this == DL4J_SPARK_DEFAULTS) {
            return name;
        }
        return name + (localSteps == 0 ? ", gradient" : ", " + localSteps + " local steps");
    }
}
