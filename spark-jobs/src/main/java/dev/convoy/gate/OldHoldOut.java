package dev.convoy.gate;

/**
 * Champion and challenger on the hold-out that the champion was promoted on, where the challenger need not be better. It may be small: what
 * it cannot show is not held against the challenger, which has shown elsewhere that it is better.
 *
 * @param change images that got better and worse
 * @param p the probability that chance makes so many of them worse
 * @param alpha up to which p is no chance
 * @param margin by how much accuracy may be lower
 */
public record OldHoldOut(Change change, double p, double alpha, double margin) {
    /** Whether the challenger is worse by more than the margin, and by more than chance. */
    public boolean isWorse() {
        return p <= alpha && -change.difference() > margin;
    }
}
