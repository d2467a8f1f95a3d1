package dev.convoy.train;

import dev.convoy.model.HeapVector;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;

/**
 * What one worker, or several together, bring home from a round. Vectors are sums in which every example weighs one, so
 * that the mean is {@code sum / weight}; a contribution of weight 0 has empty vectors.
 *
 * @param weight examples that really went into the vectors
 * @param update weighted gradients, or weighted distances moved
 * @param buffers weighted distances that running statistics moved
 * @param slots weighted optimizer state; empty where it stays on the driver or is reset
 * @param lossSum over the examples trained
 * @param counts bookkeeping
 * @param divergence of the worker with the lowest rank whose numbers were not finite; null if all were
 */
public record Contribution(
        double weight,
        float[] update,
        float[] buffers,
        List<float[]> slots,
        double lossSum,
        Counts counts,
        Divergence divergence)
        implements Serializable {
    /**
     * Bookkeeping of a round.
     *
     * @param trained examples trained
     * @param rejected planned examples that could not be decoded
     * @param retried examples trained by a repeated task, counted apart
     * @param computeSeconds of the slowest worker
     */
    public record Counts(long trained, long rejected, long retried, double computeSeconds) implements Serializable {
        /** Nothing counted yet. */
        public static final Counts NONE = new Counts(0, 0, 0, 0);

        /** Of another worker in the same round. */
        Counts beside(Counts other) {
            return new Counts(
                    trained + other.trained,
                    rejected + other.rejected,
                    retried + other.retried,
                    Math.max(computeSeconds, other.computeSeconds));
        }

        /** Of a later round. */
        Counts then(Counts other) {
            return new Counts(
                    trained + other.trained,
                    rejected + other.rejected,
                    retried + other.retried,
                    computeSeconds + other.computeSeconds);
        }
    }

    /**
     * Where numbers stopped being finite.
     *
     * @param worker rank
     * @param globalStep from 0
     * @param what is not finite, in words
     */
    public record Divergence(int worker, long globalStep, String what) implements Serializable {}

    /** From a worker that trained nothing. */
    static Contribution empty(Counts counts) {
        return new Contribution(0, new float[0], new float[0], List.of(), 0, counts, null);
    }

    /** From a worker whose numbers are not finite: only the news of it. */
    static Contribution diverged(Divergence divergence, Counts counts) {
        return new Contribution(0, new float[0], new float[0], List.of(), 0, counts, divergence);
    }

    /** The means of one worker, weighted by its examples; the arrays are taken over and changed. */
    static Contribution of(
            double weight, float[] update, float[] buffers, List<float[]> slots, double lossSum, Counts counts) {
        scale(update, weight);
        scale(buffers, weight);
        slots.forEach(slot -> scale(slot, weight));
        return new Contribution(weight, update, buffers, slots, lossSum, counts, null);
    }

    /**
     * Adds contributions along a binary tree over ranks, so that rounding depends on nothing but their number.
     *
     * @param byRank not empty, in the order of ranks
     */
    static Contribution sum(List<Contribution> byRank) {
        if (byRank.size() == 1) {
            return byRank.get(0);
        }
        int half = byRank.size() / 2;
        return sum(byRank.subList(0, half)).plus(sum(byRank.subList(half, byRank.size())));
    }

    private Contribution plus(Contribution other) {
        Counts both = counts.beside(other.counts);
        Divergence first = divergence == null ? other.divergence : divergence;
        Contribution heavier = weight == 0 ? other : this;
        if (weight > 0 && other.weight > 0) {
            add(update, other.update);
            add(buffers, other.buffers);
            for (int i = 0; i < slots.size(); i++) {
                add(slots.get(i), other.slots.get(i));
            }
        }
        return new Contribution(
                weight + other.weight,
                heavier.update,
                heavier.buffers,
                new ArrayList<>(heavier.slots),
                lossSum + other.lossSum,
                both,
                first);
    }

    private static void scale(float[] vector, double factor) {
        HeapVector.over(vector).scale((float) factor);
    }

    private static void add(float[] sum, float[] vector) {
        HeapVector.over(sum).add(1, HeapVector.over(vector));
    }
}
