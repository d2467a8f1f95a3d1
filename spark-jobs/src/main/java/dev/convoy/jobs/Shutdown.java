package dev.convoy.jobs;

import dev.convoy.train.StopSignal;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.hadoop.util.ShutdownHookManager;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Ends a job in order when the process is told to end: by SIGTERM or SIGINT, which a scheduler, a container or a terminal sends. Java does not
 * tell which. Comes before Spark's own hook, which makes everything that still runs fail.
 *
 * <pre>
 * the signal is set          training ends after the round that runs, and keeps its state
 * Spark's jobs are cancelled at once, where nobody looks at the signal, or when the round has taken {@link #ROUND_SECONDS}
 * the job ends               or {@link #WORK_SECONDS} have passed, and the result is written here
 * </pre>
 */
final class Shutdown implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Shutdown.class);

    /** What a job that was ended has to say. */
    static final String MESSAGE = "The job was ended from outside (SIGTERM or SIGINT) before it was done";

    private static final int BEFORE_SPARK = 1000;

    /** How long a round that runs may go on. */
    private static final long ROUND_SECONDS = 10;

    /** How long it may take to write what is left to write. Containers are given 30 seconds in all. */
    private static final long WORK_SECONDS = 12;

    private static final long POLL_MILLIS = 10;
    private static final long CANCEL_MILLIS = 200;

    private final StopSignal signal;
    private final Runnable cancel;
    private final Runnable record;
    private final CountDownLatch done = new CountDownLatch(1);
    private final Thread hook = new Thread(this::end, "convoy-shutdown");
    private volatile boolean begun;

    private Shutdown(StopSignal signal, Runnable cancel, Runnable record) {
        this.signal = signal;
        this.cancel = cancel;
        this.record = record;
    }

    /**
     * Watches until it is closed.
     *
     * @param signal tells training to end
     * @param cancel makes what does not look at the signal fail soon
     * @param record called if the job has not ended in time
     */
    static Shutdown watch(StopSignal signal, Runnable cancel, Runnable record) {
        Shutdown shutdown = new Shutdown(signal, cancel, record);
        ShutdownHookManager.get()
                .addShutdownHook(
                        shutdown.hook, BEFORE_SPARK, ROUND_SECONDS + WORK_SECONDS + ROUND_SECONDS, TimeUnit.SECONDS);
        return shutdown;
    }

    private void end() {
        begun = true;
        signal.request();
        try {
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(ROUND_SECONDS);
            while (signal.isAdvancing() && done.getCount() > 0 && System.nanoTime() < deadline) {
                TimeUnit.MILLISECONDS.sleep(POLL_MILLIS);
            }
            deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(WORK_SECONDS);
            while (!done.await(CANCEL_MILLIS, TimeUnit.MILLISECONDS) && System.nanoTime() < deadline) {
                // Again and again, since the next job may be about to start.
                cancel.run();
            }
            if (done.getCount() > 0) {
                LOG.warn("The job has not ended within {} s; the last checkpoint is what is kept", WORK_SECONDS);
                record.run();
            }
        } catch (InterruptedException e) {
            // Hadoop's bound on hooks.
            record.run();
            Thread.currentThread().interrupt();
        }
    }

    boolean hasBegun() {
        return begun;
    }

    /** The job has ended, and has written its result. */
    @Override
    public void close() {
        done.countDown();
        if (!ShutdownHookManager.get().isShutdownInProgress()) {
            ShutdownHookManager.get().removeShutdownHook(hook);
        }
    }
}
