package dev.convoy.train.allreduce;

import dev.convoy.data.ConvoyException;
import java.util.concurrent.TimeUnit;
import java.util.function.IntSupplier;
import org.apache.spark.api.java.JavaSparkContext;

/** How many tasks a cluster can run at once; executors come and go. */
final class TaskSlots {
    /** How long a number that has changed must stand before it is taken: executors come up one by one. */
    private static final long SETTLE_MILLIS = 5_000;

    private static final long PAUSE_MILLIS = 200;

    private final IntSupplier count;
    private final long settleMillis;
    private final long timeoutSeconds;

    /**
     * @param count of slots at the moment
     * @param settleMillis how long a number that has changed must stand before it is taken
     * @param timeoutSeconds how long the first slot is waited for
     */
    TaskSlots(IntSupplier count, long settleMillis, long timeoutSeconds) {
        this.count = count;
        this.settleMillis = settleMillis;
        this.timeoutSeconds = timeoutSeconds;
    }

    /** Those of a Spark; in local mode they do not change. */
    static TaskSlots of(JavaSparkContext spark, long timeoutSeconds) {
        return new TaskSlots(
                () -> spark.sc()
                        .maxNumConcurrentTasks(
                                spark.sc().resourceProfileManager().defaultResourceProfile()),
                spark.isLocal() ? 0 : SETTLE_MILLIS,
                timeoutSeconds);
    }

    /** The number of slots at the moment. */
    int now() {
        return count.getAsInt();
    }

    /**
     * The number of slots, up to the number that is wanted. Unless there are as many, or as many as before, it waits a
     * little for the number to settle.
     *
     * @param before the number when this was asked last; 0 if it was not
     * @throws ConvoyException if there is none in time, or the thread is interrupted
     */
    int await(int wanted, int before) {
        long began = System.nanoTime();
        long changed = began;
        int slots = now();
        while (slots < wanted && (slots == 0 || slots != before && millisSince(changed) < settleMillis)) {
            if (millisSince(began) > TimeUnit.SECONDS.toMillis(timeoutSeconds)) {
                return some(slots);
            }
            pause();
            int last = slots;
            slots = now();
            changed = slots == last ? changed : System.nanoTime();
        }
        return Math.min(slots, wanted);
    }

    private static long millisSince(long nanos) {
        return TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - nanos);
    }

    private int some(int slots) {
        if (slots == 0) {
            throw new ConvoyException("Cannot run any worker: Spark has had no task slot for " + timeoutSeconds
                    + " s; look whether executors come up, and whether they have at least the cores of a task"
                    + " (spark.executor.cores, spark.task.cpus)");
        }
        return slots;
    }

    private static void pause() {
        try {
            Thread.sleep(PAUSE_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ConvoyException("Cannot go on: training was interrupted", e);
        }
    }
}
