package dev.convoy.train;

import java.util.concurrent.Callable;

/**
 * Tells training to end at the next round, as SIGTERM does. Safe for use by several threads.
 */
public final class StopSignal {
    private volatile boolean requested;
    private volatile boolean advancing;

    /** Asks training to end. */
    public void request() {
        requested = true;
    }

    /** Whether training was asked to end. */
    public boolean isRequested() {
        return requested;
    }

    /** Whether training goes through rounds, so that it ends by itself after the one that runs; otherwise nobody looks. */
    public boolean isAdvancing() {
        return advancing;
    }

    /** Goes through rounds that look at this signal. */
    <T> T whileAdvancing(Callable<T> rounds) throws Exception {
        advancing = true;
        try {
            return rounds.call();
        } finally {
            advancing = false;
        }
    }
}
