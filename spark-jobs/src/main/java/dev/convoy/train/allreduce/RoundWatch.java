package dev.convoy.train.allreduce;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Says so if no round ends for many times as long as rounds have taken. */
final class RoundWatch {
    private static final Logger LOG = LoggerFactory.getLogger(RoundWatch.class);
    private static final long MIN_SILENCE_NANOS = 60_000_000_000L;
    private static final int FACTOR = 20;

    private long last = System.nanoTime();
    private long longest;
    private long warned;

    /**
     * Looks at the clock.
     *
     * @param heard whether something was heard since the last look
     * @param arrived the number of ranks that have arrived
     */
    void look(boolean heard, int arrived, int workers) {
        long now = System.nanoTime();
        if (heard) {
            longest = Math.max(longest, now - last);
            last = now;
            warned = 0;
        }
        long silent = now - last;
        if (silent > Math.max(Math.max(MIN_SILENCE_NANOS, FACTOR * longest), 2 * warned)) {
            warned = silent;
            LOG.warn(
                    "No round has ended for {} s, where {} s were the longest so far; {} of {} ranks have arrived",
                    silent / 1_000_000_000,
                    longest / 1_000_000_000,
                    arrived,
                    workers);
        }
    }
}
