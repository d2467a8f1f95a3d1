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
     * @param parameters of the network
     * @param allReduce whether executors sum among themselves
     * @param sharedByHost whether they share memory on a host
     * @param cache where images are kept: {@code memory}, {@code disk} or {@code encoded}
     * @param imageBytes of all training images, as they are kept; negative if that is not known
     */
    public record Training(
            int workers,
            MemoryEstimate memory,
            long parameters,
            boolean allReduce,
            boolean sharedByHost,
            String cache,
            long imageBytes) {}

    /** Slots of one executor. */
    int slotsOfExecutor() {
        return Math.max(1, (slots + executors - 1) / executors);
    }

    String setting(String key, String otherwise) {
        return settings.getOrDefault(key, otherwise);
    }
}
