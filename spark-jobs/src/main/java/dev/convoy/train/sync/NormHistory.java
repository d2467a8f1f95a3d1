package dev.convoy.train.sync;

import java.io.Serializable;
import java.util.List;
import java.util.stream.Stream;

/**
 * The norms of the last rounds' contributions, by which every worker decides whether its own counts, and how many rounds in a row have
 * left some out. Norms are those of {@link Exchange#norm}, so that schedules and local steps do not change them much.
 *
 * @param norms weighted means over workers, one for each round, the oldest first; {@link #WINDOW} at most
 * @param badInARow rounds that have left contributions out, one after another up to now
 */
public record NormHistory(List<Double> norms, int badInARow) implements Serializable {
    /** Before the first round. */
    public static final NormHistory EMPTY = new NormHistory(List.of(), 0);

    /** Rounds with quarantine, one after another, that end training. */
    static final int MAX_BAD_IN_A_ROW = 3;

    /** Rounds over which the median runs. */
    static final int WINDOW = 64;

    /** The fewest rounds for which there is a bound. */
    static final int MIN_ROUNDS = 8;

    public NormHistory {
        norms = List.copyOf(norms);
    }

    /**
     * The largest norm that counts.
     *
     * @param factor times the median, at least 2
     */
    public double bound(double factor) {
        if (norms.size() < MIN_ROUNDS) {
            return Double.MAX_VALUE;
        }
        double median =
                norms.stream().sorted().skip(norms.size() / 2).findFirst().orElseThrow();
        return median == 0 ? Double.MAX_VALUE : factor * median;
    }

    /**
     * The history with one more round.
     *
     * @param leftOut contributions quarantined in it
     * @param weight of those that counted
     * @param normSum their norms, weighted
     */
    public NormHistory after(int leftOut, double weight, double normSum) {
        List<Double> longer = weight > 0
                ? Stream.concat(norms.stream().skip(norms.size() == WINDOW ? 1 : 0), Stream.of(normSum / weight))
                        .toList()
                : norms;
        return new NormHistory(longer, leftOut == 0 ? 0 : badInARow + 1);
    }

    /**
     * Whether training must end with the last round: nothing is left to go on with, or bad rounds repeat.
     *
     * @param leftOut contributions quarantined in it
     * @param weight of those that counted
     * @param others whether workers are there that were only late
     */
    public boolean mustEnd(int leftOut, double weight, boolean others) {
        return leftOut > 0 && weight == 0 && !others || badInARow == MAX_BAD_IN_A_ROW;
    }
}
