package dev.convoy.drill;

import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.apache.commons.lang3.concurrent.BasicThreadFactory;
import org.apache.spark.SparkContext;
import org.apache.spark.api.java.JavaSparkContext;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import scala.collection.Seq;

/** Has the cluster manager end an executor of this application at some time, and bring another one. */
public final class ExecutorKiller implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ExecutorKiller.class);

    /** From one look for executors to the next, as long as none has come. */
    private static final long POLL_MILLIS = 200;

    private final ScheduledExecutorService timer =
            Executors.newSingleThreadScheduledExecutor(new BasicThreadFactory.Builder()
                    .namingPattern("convoy-drill")
                    .daemon(true)
                    .build());
    private final SparkContext spark;

    /**
     * Starts the clock.
     *
     * @param seconds from now on; empty for never
     */
    public ExecutorKiller(JavaSparkContext spark, Optional<Double> seconds) {
        this.spark = spark.sc();
        seconds.ifPresent(time -> timer.schedule(this::kill, (long) (1000 * time), TimeUnit.MILLISECONDS));
    }

    private void kill() {
        if (spark.isStopped()) {
            return;
        }
        Seq<String> executors = spark.getExecutorIds();
        if (executors.isEmpty()) {
            timer.schedule(this::kill, POLL_MILLIS, TimeUnit.MILLISECONDS);
            return;
        }
        String chosen = executors.apply(ThreadLocalRandom.current().nextInt(executors.size()));
        LOG.warn("Drill: executor {} is ended", chosen);
        if (!spark.killAndReplaceExecutor(chosen)) {
            LOG.warn("Drill: the cluster manager does not end executors when asked");
        }
    }

    @Override
    public void close() {
        timer.shutdownNow();
    }
}
