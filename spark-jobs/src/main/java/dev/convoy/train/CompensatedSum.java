package dev.convoy.train;

import java.io.Serializable;

/**
 * A sum of doubles that keeps what rounding takes away: W. Kahan, "Further remarks on reducing truncation errors", Communications of the
 * ACM 8, 1965. Of finite numbers it comes to the
 * same bits as {@link java.util.stream.DoubleStream#sum}, and it can go on from where it stood.
 *
 * @param high the sum as rounded
 * @param excess what {@code high} has too much
 */
public record CompensatedSum(double high, double excess) implements Serializable {
    /** Nothing added. */
    public static final CompensatedSum ZERO = new CompensatedSum(0, 0);

    /** The sum with one more number. */
    public CompensatedSum plus(double number) {
        double corrected = number - excess;
        double next = high + corrected;
        return new CompensatedSum(next, next - high - corrected);
    }

    /** The sum; not finite if a number was not. */
    public double value() {
        return high - excess;
    }
}
