package dev.convoy.gate;

import org.apache.commons.math3.distribution.BinomialDistribution;
import org.apache.commons.math3.special.Beta;

/**
 * The exact test for two models on the same images: Q. McNemar, "Note on the sampling error of the difference between correlated proportions",
 * Psychometrika 12, 1947. Only images on which one of the two is right say anything. If neither model is better, each of them is a
 * coin: of b + c such images the number b that got better is binomial with 1/2. That holds for every number of images, so nothing is approximated.
 */
final class McNemar {
    private McNemar() {}

    /**
     * The probability of heads or more of heads + tails coins. It is an incomplete beta function, which keeps the digits of small probabilities;
     * one minus a distribution's sum would not.
     */
    static double upperTail(int heads, int tails) {
        return heads == 0 ? 1 : Beta.regularizedBeta(0.5, heads, tails + 1.0);
    }

    /** The probability of a difference as large, to either side. */
    static double twoSided(int better, int worse) {
        return Math.min(1, bothTails(better, worse));
    }

    /** Above 1 if both tails have the middle in common. */
    private static double bothTails(int better, int worse) {
        return 2 * upperTail(Math.max(better, worse), Math.min(better, worse));
    }

    /**
     * The two-sided probability that counts only half of what was seen itself: H. O. Lancaster, "Significance tests in discrete distributions",
     * Journal of the American Statistical Association 56, 1961. With few coins the exact one is larger than need be.
     */
    static double midP(int better, int worse) {
        int coins = better + worse;
        if (coins == 0) {
            return 1;
        }
        // Without a generator, which only samples need, and whose seeding takes its time.
        double seen = new BinomialDistribution(null, coins, 0.5).probability(better);
        return Math.min(1, bothTails(better, worse) - seen);
    }

    /**
     * The smallest share of images by which the challenger must lead for a test at this level to notice, if as many images change as did. If
     * even all of them would not do, it is as many as would, all for the better; above 1 if the hold-out has no such number.
     *
     * @param changed images that got better or worse
     */
    static double smallestDifference(int images, int changed, double alpha) {
        if (upperTail(changed, 0) > alpha) {
            return Math.ceil(-Math.log(alpha) / Math.log(2)) / images;
        }
        int high = changed;
        int low = 0;
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (upperTail(middle, changed - middle) <= alpha) {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        return (double) (2 * high - changed) / images;
    }
}
