package dev.convoy.train.sync;

import java.io.Serializable;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * Decides which contributions count, and when too many do not. Every worker compares its own norm with {@link #bound} and
 * contributes nothing if it is beyond, or not finite. Norms are those of mean gradients, or of distances divided by the
 * round's learning rates, so that schedules and local steps do not change them much.
 */
public final class Quarantine implements Serializable {
    private static final long serialVersionUID = 1L;
    /** Rounds with quarantine, one after another, that end training. */
    static final int IN_A_ROW = 3;
    /** Rounds over which the median runs, and fewest for which there is a bound. */
    static final int WINDOW = 64;

    static final int LEAST = 8;

    private final double maxNorm;
    private final Deque<Double> norms = new ArrayDeque<>();
    private int inARow;

    public Quarantine(double maxNorm) {
        this.maxNorm = maxNorm;
    }

    /** The largest norm that counts. */
    public double bound() {
        if (norms.size() < LEAST) {
            return Double.MAX_VALUE;
        }
        double median =
                norms.stream().sorted().skip(norms.size() / 2).findFirst().orElseThrow();
        return median == 0 ? Double.MAX_VALUE : maxNorm * median;
    }

    /**
     * Takes note of a round.
     *
     * @param leftOut contributions quarantined in it
     * @param weight of those that counted
     * @param normSum their norms, weighted
     * @return whether training must end: nothing is left to go on with, or it repeats
     */
    public boolean mustEnd(int leftOut, double weight, double normSum) {
        if (weight > 0) {
            norms.addLast(normSum / weight);
            if (norms.size() > WINDOW) {
                norms.removeFirst();
            }
        }
        inARow = leftOut == 0 ? 0 : inARow + 1;
        return leftOut > 0 && weight == 0 || inARow == IN_A_ROW;
    }
}
