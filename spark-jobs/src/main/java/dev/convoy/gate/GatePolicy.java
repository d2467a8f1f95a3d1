package dev.convoy.gate;

import dev.convoy.data.InvalidValueException;
import java.util.List;

/**
 * What a challenger has to show.
 *
 * @param floor the least accuracy that any model must have, from 0 to 1
 * @param margin by how much accuracy may be lower, as a share from 0 to 1, which is what has to be ruled out
 * @param alpha the probability of being wrong, above 0 and at most 1/2: of promoting any challenger that is no better over all tests on one
 *     hold-out, of each confidence limit, and of a veto by any class
 * @param classMargin how much of its accuracy a class may lose, as a share from 0 to 1, even if that is no chance
 * @param minClassImages how many images of a class the hold-out must have for the class to be judged, at least 1
 */
public record GatePolicy(double floor, double margin, double alpha, double classMargin, int minClassImages) {
    public GatePolicy {
        checkShare("floor", floor);
        checkShare("margin", margin);
        checkAlpha(alpha);
        checkShare("classMargin", classMargin);
        if (minClassImages < 1) {
            throw new InvalidValueException("minClassImages", minClassImages, "it must be at least 1");
        }
    }

    /** A policy with margins of 0.2 points for accuracy and 2 points for a class of 30 images, and 5 % for being wrong. */
    public GatePolicy(double floor) {
        this(floor, 0.002, 0.05, 0.02, 30);
    }

    private static void checkShare(String property, double value) {
        if (!(value >= 0 && value <= 1)) {
            throw new InvalidValueException(property, value, "it must be from 0 to 1");
        }
    }

    static void checkAlpha(double alpha) {
        if (!(alpha > 0 && alpha <= 0.5)) {
            throw new InvalidValueException("alpha", alpha, "it must be above 0 and at most 0.5");
        }
    }

    public GatePolicy withMargin(double changed) {
        return new GatePolicy(floor, changed, alpha, classMargin, minClassImages);
    }

    public GatePolicy withAlpha(double changed) {
        return new GatePolicy(floor, margin, changed, classMargin, minClassImages);
    }

    public GatePolicy withClassMargin(double changed) {
        return new GatePolicy(floor, margin, alpha, changed, minClassImages);
    }

    public GatePolicy withMinClassImages(int changed) {
        return new GatePolicy(floor, margin, alpha, classMargin, changed);
    }

    /**
     * What is left of alpha.
     *
     * @param earlier all tests on this hold-out since it was last refreshed, oldest first
     */
    public AlphaBudget budget(List<AlphaBudget.Test> earlier) {
        return new AlphaBudget(alpha, earlier);
    }
}
