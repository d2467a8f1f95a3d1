package dev.convoy.gate;

import java.util.List;

/**
 * Champion and challenger on tonight's hold-out.
 *
 * @param change images that got better and worse
 * @param championAccuracy from 0 to 1
 * @param challengerAccuracy from 0 to 1
 * @param p McNemar's exact two-sided probability
 * @param midP the same, counting what was seen by half
 * @param pBetter McNemar's exact one-sided probability, which is compared with alpha
 * @param alpha the level of this test
 * @param test its number on this hold-out, from 1
 * @param lowerLimit of the difference in accuracy
 * @param margin below which the limit must not be
 * @param smallestDifference in accuracy that this hold-out can show at this level, as many images changing as did; above 1 if none
 * @param classes in the order of their indexes
 */
public record Comparison(
        Change change,
        double championAccuracy,
        double challengerAccuracy,
        double p,
        double midP,
        double pBetter,
        double alpha,
        int test,
        double lowerLimit,
        double margin,
        double smallestDifference,
        List<ClassComparison> classes) {
    public Comparison {
        classes = List.copyOf(classes);
    }

    /** Whether the challenger is better by more than chance. */
    public boolean isBetter() {
        return pBetter <= alpha;
    }

    /** Whether it is ruled out that the challenger is worse by more than the margin. */
    public boolean isNotInferior() {
        return lowerLimit > -margin;
    }
}
