package dev.convoy.train;

import dev.convoy.model.Progress;
import java.io.Serializable;
import java.util.List;

/**
 * What a round did.
 *
 * @param progress after it
 * @param isFirstOfEpoch whether it began with the first step of its epoch
 * @param steps in it
 * @param learningRate of its first step
 * @param updateNorm the Euclidean norm of the mean that moved the model: a gradient, or a distance; 0 if nothing moved it, NaN if the
 *     master does not know
 * @param lossSum over the examples it trained
 * @param counts of examples
 * @param quarantined contributions left out, by rank
 * @param workers times of each worker, by rank
 * @param networkSeconds between groups of workers that share memory, as rank 0 saw it; 0 for masters that leave it to Spark
 * @param seconds from the state before to the state after
 */
public record RoundReport(
        Progress progress,
        boolean isFirstOfEpoch,
        int steps,
        double learningRate,
        double updateNorm,
        double lossSum,
        Counts counts,
        List<Quarantined> quarantined,
        List<WorkerTime> workers,
        double networkSeconds,
        double seconds)
        implements Serializable {
    public RoundReport {
        quarantined = List.copyOf(quarantined);
        workers = List.copyOf(workers);
    }

    /** Where the time of all workers together went. */
    public Times times() {
        return workers.stream()
                .map(worker -> new Times(worker.seconds, worker.seconds, worker.dataSeconds, networkSeconds))
                .reduce(Times.NONE, Times::beside);
    }

    /** Counts examples that an attempt which was given up has trained already. */
    public RoundReport withRetried(long examples) {
        return new RoundReport(
                progress,
                isFirstOfEpoch,
                steps,
                learningRate,
                updateNorm,
                lossSum,
                counts.plus(new Counts(0, 0, 0, 0, 0, examples)),
                quarantined,
                workers,
                networkSeconds,
                seconds);
    }

    /**
     * The time of one worker in a round.
     *
     * @param seconds from its first batch to its contribution
     * @param dataSeconds of these, without a batch to train on: it was being made, or waited for
     */
    public record WorkerTime(double seconds, double dataSeconds) implements Serializable {}

    /**
     * Examples.
     *
     * @param trained went into the model
     * @param rejected were planned but could not be decoded
     * @param late were planned but not trained because their round had closed
     * @param quarantined were in contributions that were left out
     * @param dropped were planned but left out by a master that does not say which
     * @param retried were trained again because a task or a segment was repeated; counted apart
     */
    public record Counts(long trained, long rejected, long late, long quarantined, long dropped, long retried)
            implements Serializable {
        /** Nothing counted yet. */
        public static final Counts NONE = new Counts(0, 0, 0, 0, 0, 0);

        /** Adds those of another worker in the same round, or of another round. */
        public Counts plus(Counts other) {
            return new Counts(
                    trained + other.trained,
                    rejected + other.rejected,
                    late + other.late,
                    quarantined + other.quarantined,
                    dropped + other.dropped,
                    retried + other.retried);
        }
    }

    /**
     * Where the time went, in seconds.
     *
     * @param compute of the slowest worker, from its first batch to its contribution
     * @param busy of all workers together, so that {@code compute - busy / workers} is how long a worker waited for the slowest, on
     *     average
     * @param data of {@code busy}, in which workers had no batch to train on
     * @param network between groups of workers that share memory
     */
    public record Times(double compute, double busy, double data, double network) implements Serializable {
        /** No time yet. */
        public static final Times NONE = new Times(0, 0, 0, 0);

        private Times beside(Times other) {
            return new Times(
                    Math.max(compute, other.compute),
                    busy + other.busy,
                    data + other.data,
                    Math.max(network, other.network));
        }

        /** Adds those of a later round. */
        Times then(Times other) {
            return new Times(compute + other.compute, busy + other.busy, data + other.data, network + other.network);
        }
    }
}
