package dev.convoy.doctor;

import dev.convoy.model.MemoryEstimate;
import java.util.Map;
import java.util.Optional;

/**
 * What is to be run.
 *
 * @param settings of Spark's
 * @param local whether tasks run in the driver's process
 * @param slots tasks that run at a time
 * @param executors that there are
 * @param backend name of it
 * @param device {@code auto}, {@code cpu} or {@code cuda}
 * @param training what training would need; empty without a configuration
 */
public record Plan(
        Map<String, String> settings,
        boolean local,
        int slots,
        int executors,
        String backend,
        String device,
        Optional<Training> training) {
    public Plan {
        settings = Map.copyOf(settings);
    }

    /**
     * What training needs.
     *
     * @param workers that train
     * @param memory of one worker's replica
     * @param summedBytes of the vector that each worker brings, and of their sum
     * @param heldBytes of what workers that share memory hold once for all
     * @param allReduce whether executors sum among themselves
     * @param sharedByHost whether they share memory on a host
     * @param cache where images are kept: {@code memory}, {@code disk} or {@code encoded}
     * @param imageBytes of all training images, as they are kept; negative if that is not known
     */
    public record Training(
            int workers,
            MemoryEstimate memory,
            long summedBytes,
            long heldBytes,
            boolean allReduce,
            boolean sharedByHost,
            String cache,
            long imageBytes) {}

    /** Workers that may train at a time in one executor. */
    int workersOfExecutor(Training some) {
        int most = (slots + executors - 1) / Math.max(1, executors);
        return Math.max(1, Math.min(most, some.workers));
    }

    /** Memory outside the heap that replicas of one executor may need; on GPUs they are there. */
    long replicaBytes(Training some) {
        return onGpu() ? 0 : workersOfExecutor(some) * some.memory.bytes();
    }

    /** Of these, what they need for certain. */
    long vectorBytes(Training some) {
        return onGpu() ? 0 : workersOfExecutor(some) * some.memory.vectors();
    }

    boolean onGpu() {
        return device.equals("cuda")
                || device.equals("auto")
                        && !setting("spark.task.resource.gpu.amount", "").isEmpty();
    }

    String setting(String key, String otherwise) {
        return settings.getOrDefault(key, otherwise);
    }
}
