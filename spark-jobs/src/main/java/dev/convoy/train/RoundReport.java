package dev.convoy.train;

import dev.convoy.model.Progress;
import java.io.Serializable;
import java.util.List;

/**
 * What a round did.
 *
 * @param progress after it
 * @param steps in it
 * @param lossSum over the examples it trained
 * @param counts bookkeeping
 * @param quarantined contributions left out, by rank
 * @param times of the workers in it
 * @param seconds from the state before to the state after
 */
public record RoundReport(
        Progress progress,
        int steps,
        double lossSum,
        Counts counts,
        List<Quarantined> quarantined,
        Times times,
        double seconds)
        implements Serializable {
    /**
     * Bookkeeping.
     *
     * @param trained examples that went into the model
     * @param rejected planned examples that could not be decoded
     * @param late planned examples that were not trained because their round had closed
     * @param quarantined examples in contributions that were left out
     * @param retried examples trained again because a task or a segment was repeated, counted apart
     */
    public record Counts(long trained, long rejected, long late, long quarantined, long retried)
            implements Serializable {
        /** Nothing counted yet. */
        public static final Counts NONE = new Counts(0, 0, 0, 0, 0);

        /** Of another worker in the same round, or of another round. */
        public Counts plus(Counts other) {
            return new Counts(
                    trained + other.trained,
                    rejected + other.rejected,
                    late + other.late,
                    quarantined + other.quarantined,
                    retried + other.retried);
        }
    }

    /**
     * Where the time went, in seconds.
     *
     * @param compute of the slowest worker, from its first batch to its contribution
     * @param busy the same of all workers together, so that {@code compute - busy / workers} is how long a worker waited for
     *     the slowest, on average
     * @param data of that, in which workers had no batch to train on: it was being made, or waited for
     * @param network between groups of workers that share memory, as rank 0 saw it; 0 for transport {@code rounds}, which
     *     leaves it to Spark
     */
    public record Times(double compute, double busy, double data, double network) implements Serializable {
        /** No time yet. */
        public static final Times NONE = new Times(0, 0, 0, 0);

        public static Times of(double workerSeconds, double dataSeconds) {
            return new Times(workerSeconds, workerSeconds, dataSeconds, 0);
        }

        /** Of another worker in the same round. */
        public Times beside(Times other) {
            return new Times(
                    Math.max(compute, other.compute),
                    busy + other.busy,
                    data + other.data,
                    Math.max(network, other.network));
        }

        /** Of a later round. */
        Times then(Times other) {
            return new Times(compute + other.compute, busy + other.busy, data + other.data, network + other.network);
        }
    }
}
