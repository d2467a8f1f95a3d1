package dev.convoy.drift;

import org.apache.commons.math3.distribution.NormalDistribution;
import org.apache.commons.math3.special.Beta;

/**
 * Two shares, for what is rare: the probability that chance alone makes the second so much larger is exact for rare events, given how many there
 * were in all (J. Przyborowski and H. Wilenski, "Homogeneity of results in testing samples from Poisson series", Biometrika 31, 1940).
 *
 * @param before events of the reference
 * @param of images of the reference, at least 1
 * @param now events of tonight
 * @param ofNow images of tonight, at least 1
 */
record Shares(long before, long of, long now, long ofNow) {
    private static final NormalDistribution NORMAL = new NormalDistribution(null, 0, 1);

    double share() {
        return (double) before / of;
    }

    double shareNow() {
        return (double) now / ofNow;
    }

    /** By how much the share has risen; 0 if it has fallen. */
    Effect rise() {
        double pooled = (double) (before + now) / (of + ofNow);
        double error = Math.sqrt(pooled * (1 - pooled) * (1.0 / of + 1.0 / ofNow));
        return new Effect(Math.max(0, shareNow() - share()), 0, error);
    }

    /** Whether chance is as improbable as so many standard errors of a normal number. */
    boolean isMoreThanChance(double standardErrors) {
        if (now == 0) {
            return false;
        }
        double tail = Beta.regularizedBeta((double) ofNow / (of + ofNow), now, before + 1.0);
        return tail <= NORMAL.cumulativeProbability(-standardErrors);
    }
}
