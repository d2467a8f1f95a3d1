package dev.convoy.jobs;

import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.apache.commons.lang3.concurrent.BasicThreadFactory;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Does something again and again as long as the process lives and this is not closed. */
final class Heartbeat implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Heartbeat.class);

    /** From one beat to the next. */
    static final long MILLIS = 10_000;

    private final ScheduledExecutorService timer =
            Executors.newSingleThreadScheduledExecutor(new BasicThreadFactory.Builder()
                    .namingPattern("convoy-heartbeat")
                    .daemon(true)
                    .build());

    /**
     * Starts beating.
     *
     * @param beat may fail, which the log tells; the next is tried all the same
     */
    Heartbeat(Runnable beat) {
        timer.scheduleWithFixedDelay(
                () -> {
                    try {
                        beat.run();
                    } catch (RuntimeException e) {
                        LOG.warn("No sign of life: {}", e.getMessage());
                    }
                },
                MILLIS,
                MILLIS,
                TimeUnit.MILLISECONDS);
    }

    @Override
    public void close() {
        timer.shutdownNow();
    }
}
