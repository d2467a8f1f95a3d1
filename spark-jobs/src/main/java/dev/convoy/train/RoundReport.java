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
 * @param seconds from the state before to the state after
 */
public record RoundReport(
        Progress progress, int steps, double lossSum, Counts counts, List<Quarantined> quarantined, double seconds)
        implements Serializable {
    /**
     * Bookkeeping.
     *
     * @param trained examples that went into the model
     * @param rejected planned examples that could not be decoded
     * @param late planned examples that were not trained because their round had closed
     * @param quarantined examples in contributions that were left out
     * @param retried examples trained again because a task or a segment was repeated, counted apart
     * @param computeSeconds of the slowest worker
     */
    public record Counts(long trained, long rejected, long late, long quarantined, long retried, double computeSeconds)
            implements Serializable {
        /** Nothing counted yet. */
        public static final Counts NONE = new Counts(0, 0, 0, 0, 0, 0);

        static Counts of(WorkerRound.Outcome outcome, boolean repeated) {
            return new Counts(
                    outcome.trained(),
                    outcome.rejected(),
                    0,
                    outcome.leftOut(),
                    repeated ? outcome.trained() : 0,
                    outcome.seconds());
        }

        /** Of another worker in the same round. */
        Counts beside(Counts other) {
            return plus(other, Math.max(computeSeconds, other.computeSeconds));
        }

        /** Of a later round. */
        Counts then(Counts other) {
            return plus(other, computeSeconds + other.computeSeconds);
        }

        private Counts plus(Counts other, double seconds) {
            return new Counts(
                    trained + other.trained,
                    rejected + other.rejected,
                    late + other.late,
                    quarantined + other.quarantined,
                    retried + other.retried,
                    seconds);
        }
    }
}
