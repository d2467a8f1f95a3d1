package dev.convoy.train.allreduce;

import dev.convoy.data.ConvoyException;
import org.apache.spark.api.java.JavaSparkContext;

/** How many tasks a cluster can run at once. */
final class TaskSlots {
    private static final long PAUSE_MILLIS = 200;

    private TaskSlots() {}

    /**
     * Waits until a barrier stage of this size fits, since executors may still be coming up, or one may just have been lost.
     *
     * @throws ConvoyException if it does not in time
     */
    static void await(JavaSparkContext spark, int tasks, long timeoutSeconds) {
        long deadline = System.nanoTime() + timeoutSeconds * 1_000_000_000;
        boolean local = spark.isLocal();
        int slots = slots(spark);
        while (slots < tasks && !local && System.nanoTime() < deadline) {
            try {
                Thread.sleep(PAUSE_MILLIS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new ConvoyException("Cannot go on: training was interrupted", e);
            }
            slots = slots(spark);
        }
        if (slots < tasks) {
            throw new ConvoyException("Cannot run " + tasks + " workers at once, which all-reduce needs:"
                    + " Spark has " + slots + " task slots; train with " + Math.max(1, slots) + " workers"
                    + ", or give more of them (local[" + tasks + "], or spark.executor.instances,"
                    + " spark.executor.cores, spark.task.cpus), or sum by rounds");
        }
    }

    private static int slots(JavaSparkContext spark) {
        return spark.sc()
                .maxNumConcurrentTasks(spark.sc().resourceProfileManager().defaultResourceProfile());
    }
}
