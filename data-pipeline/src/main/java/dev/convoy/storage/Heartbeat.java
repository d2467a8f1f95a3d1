package dev.convoy.storage;

import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.apache.commons.lang3.concurrent.BasicThreadFactory;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Does something again and again as long as the process lives and this is not closed. */
public final class Heartbeat implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Heartbeat.class);

    private final ScheduledExecutorService timer =
            Executors.newSingleThreadScheduledExecutor(new BasicThreadFactory.Builder()
                    .namingPattern("convoy-heartbeat")
                    .daemon(true)
                    .build());

    /**
     * Starts beating.
     *
     * @param beat may fail, which the log tells; the next is tried all the same
     * @param every from one beat to the next, and from now to the first
     */
    public Heartbeat(Runnable beat, Duration every) {
        timer.scheduleWithFixedDelay(
                () -> {
                    try {
                        beat.run();
                    } catch (Throwable e) {
                        // A full disk, which Hadoop reports as an error, or a full heap may have space again.
                        // After what is thrown here no beat would ever come.
                        LOG.warn("No sign of life: {}", e.toString());
                    }
                },
                every.toMillis(),
                every.toMillis(),
                TimeUnit.MILLISECONDS);
    }

    @Override
    public void close() {
        timer.shutdownNow();
    }
}
