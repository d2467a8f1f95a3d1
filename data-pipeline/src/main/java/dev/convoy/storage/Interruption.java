package dev.convoy.storage;

import java.io.InterruptedIOException;
import java.net.SocketTimeoutException;
import org.apache.commons.lang3.exception.ExceptionUtils;

/**
 * An interruption of this thread that waits. On a thread that is interrupted calls of Spark and of file systems stop halfway, and some of
 * Spark's take the interruption with them: what has to be done nevertheless, as closing is, is done until this is closed.
 *
 * <pre>
 * try (Interruption pause = Interruption.outlast()) {
 *     files.delete(folder, true);
 * }
 * </pre>
 */
public final class Interruption implements AutoCloseable {
    private final boolean interrupted = Thread.interrupted();

    private Interruption() {}

    /** Has an interruption that has been wait until this is closed; one that comes later does not. */
    public static Interruption outlast() {
        return new Interruption();
    }

    /** Lets whoever comes next see that the thread was interrupted; Spark's own exceptions are checked but not declared. */
    public static void keep(Throwable e) {
        boolean known = ExceptionUtils.getThrowableList(e).stream()
                .anyMatch(cause -> cause instanceof InterruptedException
                        || cause instanceof InterruptedIOException && !(cause instanceof SocketTimeoutException));
        if (known) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() {
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
