package dev.convoy.gate;

/**
 * Champion and challenger on the hold-out that the champion was promoted on, where the challenger need not be better.
 *
 * @param change images that got better and worse
 * @param lowerLimit of the difference in accuracy
 * @param margin below which the limit must not be
 */
public record OldHoldOut(Change change, double lowerLimit, double margin) {
    /** Whether it is ruled out that the challenger is worse by more than the margin. */
    public boolean isNotInferior() {
        return lowerLimit > -margin;
    }
}
