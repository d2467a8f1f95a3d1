package dev.convoy.drift;

import java.io.Serializable;
import java.math.BigInteger;

/**
 * Sums over images from which mean and variance follow. Levels are counted in 1024ths, as whole numbers: such sums are exact, so that the order
 * in which images and parts come does not change a bit, and the difference of large sums that a variance is loses nothing. Running means
 * (T. F. Chan, G. H. Golub and R. J. LeVeque, "Algorithms for computing the sample variance", The American Statistician 37, 1983) would be
 * nearly as exact, but another bit for another order. Squares of 135 million images fit.
 */
final class ChannelSums implements Serializable {
    static final int MAX_LEVEL = 255;

    private static final long serialVersionUID = 1L;
    private static final double UNITS = 1024;

    private long count;
    private long sum;
    private long squares;

    void add(double level) {
        long units = Math.round(level * UNITS);
        count++;
        sum = Math.addExact(sum, units);
        squares = Math.addExact(squares, units * units);
    }

    void add(ChannelSums other) {
        count = Math.addExact(count, other.count);
        sum = Math.addExact(sum, other.sum);
        squares = Math.addExact(squares, other.squares);
    }

    Moments moments() {
        double variance = 0;
        if (count > 1) {
            BigInteger n = BigInteger.valueOf(count);
            BigInteger total = BigInteger.valueOf(sum);
            BigInteger spread = n.multiply(BigInteger.valueOf(squares)).subtract(total.multiply(total));
            variance = spread.doubleValue() / (UNITS * UNITS) / ((double) count * (count - 1));
        }
        return new Moments(count, sum / UNITS / count, variance);
    }
}
