package dev.convoy.jobs;

import java.util.function.Supplier;
import org.apache.commons.lang3.exception.ExceptionUtils;

/** Threads that somebody has interrupted, and what is still to be done on them. */
final class Interruption {
    private Interruption() {}

    /** Lets whoever comes next see that the thread was interrupted; Spark's own exceptions are checked but not declared. */
    static void keep(Throwable e) {
        if (ExceptionUtils.indexOfType(e, InterruptedException.class) >= 0) {
            Thread.currentThread().interrupt();
        }
    }

    /** Does what must not stop halfway, as file systems do on a thread that is interrupted; afterwards it is interrupted again. */
    static <T> T outlast(Supplier<T> work) {
        boolean interrupted = Thread.interrupted();
        try {
            return work.get();
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
