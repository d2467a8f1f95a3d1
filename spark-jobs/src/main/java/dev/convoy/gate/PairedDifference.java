package dev.convoy.gate;

import org.apache.commons.math3.analysis.solvers.BrentSolver;
import org.apache.commons.math3.distribution.NormalDistribution;

/**
 * How much worse the challenger may be: T. Tango, "Equivalence test and confidence interval for the difference in proportions for the
 * paired-sample design", Statistics in Medicine 17, 1998. For many changed images it is what the plain formula gives, the difference less
 * {@code z sqrt(b + c - (b - c)^2 / n) / n}; unlike that one, it does not claim that nothing can be worse because in a small hold-out nothing was.
 */
final class PairedDifference {
    private static final NormalDistribution NORMAL = new NormalDistribution(null, 0, 1);
    private static final double ACCURACY = 1e-9;
    private static final int MAX_STEPS = 1000;

    private PairedDifference() {}

    /**
     * The lower confidence limit of the difference in accuracy.
     *
     * @param alpha the probability, above 0 and at most 1/2, that the truth is below
     */
    static double lowerLimit(Change change, double alpha) {
        double wanted = NORMAL.inverseCumulativeProbability(1 - alpha);
        double low = -1 + ACCURACY;
        double high = Math.max(change.difference() - ACCURACY, low);
        if (high == low || score(change, low) <= wanted) {
            return -1;
        }
        if (score(change, high) >= wanted) {
            return change.difference();
        }
        return new BrentSolver(ACCURACY).solve(MAX_STEPS, delta -> score(change, delta) - wanted, low, high);
    }

    /** How many standard errors what was seen lies above a true difference of {@code delta}, which falls as delta rises. */
    private static double score(Change change, double delta) {
        double n = change.images();
        double linear = (2 * n - change.better() + change.worse()) * delta - change.better() - change.worse();
        double constant = -change.worse() * delta * (1 - delta);
        double root = Math.sqrt(Math.max(0, linear * linear - 8 * n * constant));
        double worse = (root - linear) / (4 * n);
        double variance = n * (2 * worse + delta * (1 - delta));
        return (change.better() - change.worse() - n * delta) / Math.sqrt(Math.max(variance, Double.MIN_NORMAL));
    }
}
