package dev.convoy.jobs;

import java.util.UUID;
import org.apache.spark.SparkContext;
import org.apache.spark.api.java.JavaSparkContext;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Spark's jobs that this thread starts until it closes this. Others in the same context, a notebook's, are none of ours; and of
 * ours none goes on when nobody waits for it any more, as Spark's do behind a thread that is interrupted.
 */
public final class OwnJobs implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(OwnJobs.class);

    private final SparkContext spark;
    private final String tag = "convoy-" + UUID.randomUUID();

    /** Tells the jobs of this thread from others. */
    public OwnJobs(JavaSparkContext spark) {
        this.spark = spark.sc();
        this.spark.addJobTag(tag);
    }

    /** Cancels those that run, from any thread; does not wait until they have ended. */
    void cancel() {
        try {
            spark.cancelJobsWithTag(tag);
        } catch (IllegalStateException e) {
            LOG.debug("The context is stopped, and with it its jobs", e);
        }
    }

    /** Cancels what still runs. */
    @Override
    public void close() {
        cancel();
        spark.removeJobTag(tag);
    }
}
