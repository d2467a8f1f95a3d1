package dev.convoy.data.augment;

import dev.convoy.data.CounterRandom;
import java.util.List;

/** Numbers drawn one after the other from one stream. */
final class Draws {
    private final CounterRandom random;
    private long counter;

    Draws(CounterRandom random) {
        this.random = random;
    }

    /** Draws from [0, 1). */
    double uniform() {
        return random.uniform(counter++);
    }

    double between(double low, double high) {
        return low + (high - low) * uniform();
    }

    /** Draws between the two of a list, uniformly. */
    double between(List<Double> range) {
        return between(range.get(0), range.get(1));
    }

    /** Draws between the two of a list, uniformly in the logarithm, so that half is as likely as twice. */
    double betweenFactors(List<Double> range) {
        return Math.exp(between(Math.log(range.get(0)), Math.log(range.get(1))));
    }

    double around(double centre, double max) {
        return between(centre - max, centre + max);
    }

    /** Draws a whole number, both ends included. */
    int integer(int low, int high) {
        return low + (int) (uniform() * (high - low + 1L));
    }

    boolean chance(double probability) {
        return uniform() < probability;
    }

    /**
     * Draws from Beta(alpha, alpha), by rejection (M. Jöhnk, "Erzeugung von betaverteilten und gammaverteilten Zufallszahlen", Metrika
     * 8, 1964), which is quick for small alpha.
     */
    double beta(double alpha) {
        while (true) {
            double x = Math.pow(uniform(), 1 / alpha);
            double y = Math.pow(uniform(), 1 / alpha);
            if (x + y > 0 && x + y <= 1) {
                return x / (x + y);
            }
        }
    }
}
