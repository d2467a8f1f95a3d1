package dev.convoy.train.rounds;

import dev.convoy.collective.Compression;
import dev.convoy.model.HeapVector;
import dev.convoy.train.Quarantined;
import dev.convoy.train.RoundReport;
import dev.convoy.train.sync.SumLayout;
import dev.convoy.train.worker.WorkerRound;
import java.io.Serializable;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/**
 * What one worker, or several together, bring home from a round.
 *
 * @param weight examples that really went into the vector
 * @param vector as {@link SumLayout} says, a sum in which every example weighs one, so that the mean is {@code vector /
 *     weight}; empty if the weight is 0
 * @param lossSum over the examples trained
 * @param normSum the workers' norms, weighted
 * @param counts bookkeeping
 * @param times of the workers
 * @param quarantined contributions left out, by rank
 */
record Contribution(
        double weight,
        Payload vector,
        double lossSum,
        double normSum,
        RoundReport.Counts counts,
        RoundReport.Times times,
        List<Quarantined> quarantined)
        implements Serializable {
    /** Of one worker; the vector, its mean, is taken over and changed. */
    static Contribution of(WorkerRound.WorkerResult outcome, float[] mean, Compression compression, boolean repeated) {
        HeapVector.over(mean).scale(outcome.trained());
        return new Contribution(
                outcome.trained(),
                Payload.of(mean, compression),
                outcome.lossSum(),
                outcome.norm() * outcome.trained(),
                new RoundReport.Counts(
                        outcome.trained(), outcome.rejected(), 0, outcome.leftOut(), repeated ? outcome.trained() : 0),
                RoundReport.Times.of(outcome.seconds(), outcome.dataSeconds()),
                Stream.ofNullable(outcome.quarantined()).toList());
    }

    /**
     * Adds contributions along a binary tree over ranks, so that rounding depends on nothing but their number.
     *
     * @param byRank not empty, in the order of ranks
     */
    static Contribution sum(List<Contribution> byRank) {
        if (byRank.size() == 1) {
            Contribution one = byRank.get(0);
            return one.withVector(new Payload.Whole(one.vector.floats()));
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
                times.beside(other.times),
                Stream.concat(quarantined.stream(), other.quarantined.stream()).toList());
    }

    /** The same with a part of the vector. */
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

    Contribution withVector(Payload other) {
        return new Contribution(weight, other, lossSum, normSum, counts, times, quarantined);
    }
}
