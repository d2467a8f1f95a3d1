package dev.convoy.mlflow;

import java.time.Duration;

/**
 * A moment after which nothing is begun any more.
 *
 * @param nanos of {@link System#nanoTime}
 */
record Deadline(long nanos) {
    static Deadline in(Duration time) {
        return new Deadline(System.nanoTime() + time.toNanos());
    }

    /** The nanoseconds that are left; 0 or less if it is over. */
    long left() {
        return nanos - System.nanoTime();
    }
}
