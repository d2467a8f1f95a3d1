package dev.convoy.train.rounds;

import dev.convoy.data.ObjectBytes;
import dev.convoy.train.Quarantined;
import dev.convoy.train.RoundReport;
import dev.convoy.train.transport.Payload;
import dev.convoy.train.worker.WorkerResult;
import java.io.Serializable;
import java.util.List;
import java.util.function.Supplier;
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
     * @param repeated whether an earlier attempt at the round was given up
     * @param sum answers where the worker's sum is; asked only if there is one
     */
    static Contribution of(WorkerResult result, boolean repeated, Supplier<Payload> sum) {
        return new Contribution(
                result.trained(),
                result.trained() == 0 ? NOTHING : sum.get(),
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
     * Adds up all but the vectors, along a binary tree over ranks, so that rounding depends on nothing but their number.
     *
     * @param byRank not empty, in the order of ranks
     * @return without a vector
     */
    static Contribution sum(List<Contribution> byRank) {
        if (byRank.size() == 1) {
            return byRank.get(0).withVector(NOTHING);
        }
        int half = byRank.size() / 2;
        return sum(byRank.subList(0, half)).plus(sum(byRank.subList(half, byRank.size())));
    }

    /** Adds all but the vectors. */
    Contribution plus(Contribution other) {
        return new Contribution(
                weight + other.weight,
                NOTHING,
                lossSum + other.lossSum,
                normSum + other.normSum,
                counts.plus(other.counts),
                Stream.concat(workers.stream(), other.workers.stream()).toList(),
                Stream.concat(quarantined.stream(), other.quarantined.stream()).toList());
    }

    /**
     * Adds a block of the vectors along the same tree, in which those of no weight are passed over.
     *
     * @param from where in the target the block begins
     * @return whether any has weight; otherwise the target is as it was
     */
    static boolean sumBlock(List<Contribution> byRank, int block, float[] target, int from) {
        if (byRank.size() == 1) {
            Contribution single = byRank.get(0);
            if (single.weight > 0) {
                single.vector.get(block, target, from);
            }
            return single.weight > 0;
        }
        int half = byRank.size() / 2;
        List<Contribution> right = byRank.subList(half, byRank.size());
        if (!sumBlock(byRank.subList(0, half), block, target, from)) {
            return sumBlock(right, block, target, from);
        }
        if (right.size() > 1) {
            float[] other = new float[Math.min(Payload.BLOCK, target.length - from)];
            if (sumBlock(right, block, other, 0)) {
                Payload.sum(target, from, other, 0, other.length);
            }
        } else if (right.get(0).weight > 0) {
            right.get(0).vector.add(block, target, from);
        }
        return true;
    }

    /** A contribution with another vector. */
    Contribution withVector(Payload other) {
        return new Contribution(weight, other, lossSum, normSum, counts, workers, quarantined);
    }

    /** Writes all but the vector, and where that is. */
    byte[] write() {
        return ObjectBytes.write(this);
    }

    /** Reads what was written. */
    static Contribution read(byte[] bytes) {
        return ObjectBytes.read(bytes, Contribution.class);
    }
}
