package dev.convoy.train.rounds;

import dev.convoy.collective.Compression;
import dev.convoy.model.HeapVector;
import dev.convoy.train.Quarantined;
import dev.convoy.train.RoundReport;
import dev.convoy.train.sync.Message;
import dev.convoy.train.worker.WorkerResult;
import java.io.Serializable;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/**
 * What one worker, or several together, bring home from a round.
 *
 * @param weight examples that really went into the vector
 * @param vector as {@link dev.convoy.train.sync.SumLayout} says, a sum in which every example weighs one, so that the mean is {@code
 *     vector / weight}; empty if the weight is 0
 * @param lossSum over the examples trained
 * @param normSum the workers' norms, weighted
 * @param counts of examples
 * @param workers times of the workers, by rank
 * @param quarantined contributions left out, by rank
 */
record Contribution(
        double weight,
        Payload vector,
        double lossSum,
        double normSum,
        RoundReport.Counts counts,
        List<RoundReport.WorkerTime> workers,
        List<Quarantined> quarantined)
        implements Serializable {
    private static final Payload NOTHING = new Payload.Whole(new float[0]);

    /**
     * Makes the contribution of one worker.
     *
     * @param mean the worker's vector, which is taken over and changed
     * @param repeated whether an earlier attempt at the round was given up
     */
    static Contribution of(WorkerResult result, float[] mean, Compression compression, boolean repeated) {
        HeapVector.over(mean).scale(result.trained());
        return new Contribution(
                result.trained(),
                Payload.of(mean, compression),
                result.lossSum(),
                result.norm() * result.trained(),
                result.counts(repeated),
                List.of(result.time()),
                result.quarantined().stream().toList());
    }

    /**
     * Stands in for a worker without which its round has gone on.
     *
     * @param planned the worker's examples in the round
     * @param seconds that the round has waited for it
     */
    static Contribution late(long planned, double seconds) {
        return new Contribution(
                0,
                NOTHING,
                0,
                0,
                new RoundReport.Counts(0, 0, planned, 0, 0, 0),
                List.of(new RoundReport.WorkerTime(seconds, 0)),
                List.of());
    }

    /**
     * Adds contributions along a binary tree over ranks, so that rounding depends on nothing but their number.
     *
     * @param byRank not empty, in the order of ranks
     */
    static Contribution sum(List<Contribution> byRank) {
        if (byRank.size() == 1) {
            Contribution single = byRank.get(0);
            return single.withVector(new Payload.Whole(single.vector.floats()));
        }
        int half = byRank.size() / 2;
        return sum(byRank.subList(0, half)).plus(sum(byRank.subList(half, byRank.size())));
    }

    private Contribution plus(Contribution other) {
        Payload sum = weight == 0 ? other.vector : vector;
        if (weight > 0 && other.weight > 0) {
            HeapVector.over(vector.floats()).add(1, HeapVector.over(other.vector.floats()));
        }
        return new Contribution(
                weight + other.weight,
                sum,
                lossSum + other.lossSum,
                normSum + other.normSum,
                counts.plus(other.counts),
                Stream.concat(workers.stream(), other.workers.stream()).toList(),
                Stream.concat(quarantined.stream(), other.quarantined.stream()).toList());
    }

    /** A contribution with a part of the vector only. */
    Contribution slice(int from, int to) {
        if (weight == 0) {
            return this;
        }
        // Values were rounded when the contribution was made, so this loses nothing.
        return withVector(
                vector instanceof Payload.Half half
                        ? new Payload.Half(Arrays.copyOfRange(half.bits(), from, to))
                        : new Payload.Whole(Arrays.copyOfRange(vector.floats(), from, to)));
    }

    /** A contribution with another vector. */
    Contribution withVector(Payload other) {
        return new Contribution(weight, other, lossSum, normSum, counts, workers, quarantined);
    }

    /** Writes the contribution as a {@link Message}. */
    byte[][] write() {
        return vector instanceof Payload.Whole whole
                ? Message.write(withVector(NOTHING), List.of(whole.floats()))
                : Message.write(this, List.of());
    }

    /** Reads what was written. */
    static Contribution read(byte[][] message) {
        Contribution head = Message.head(message, Contribution.class);
        return Message.vectors(message) == 0 ? head : head.withVector(new Payload.Whole(Message.vector(message, 0)));
    }
}
