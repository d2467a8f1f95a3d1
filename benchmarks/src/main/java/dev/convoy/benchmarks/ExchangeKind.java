package dev.convoy.benchmarks;

import java.util.Locale;

/** Ways to exchange; the argument is the number of local steps. */
enum ExchangeKind {
    /** Two replicas that never exchange anything, on the same batches of real data. */
    BARE,
    ROUNDS,
    /** Over the host's shared memory. */
    ALL_REDUCE,
    /** Over Gloo, as between hosts. */
    ALL_REDUCE_GLOO;

    String label(String localSteps) {
        String name = name().toLowerCase(Locale.ROOT).replace('_', '-');
        if (this == BARE) {
            return name;
        }
        return name + (localSteps.equals("0") ? ", gradient" : ", " + localSteps + " local steps");
    }
}
