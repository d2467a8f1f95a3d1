package dev.convoy.drift;

/**
 * How far two means are apart in deviations: J. Cohen, "Statistical power analysis for the behavioral sciences", 1988. Its standard error is
 * that of L. V. Hedges and I. Olkin, "Statistical methods for meta-analysis", 1985, and with each set's own variance where that makes it larger.
 */
final class MeanShift {
    /** In levels: images that differ by less are taken to differ by this. */
    private static final double LEAST_DEVIATION = 0.01;

    private MeanShift() {}

    static Effect between(Moments reference, Moments tonight) {
        double n = reference.count();
        double m = tonight.count();
        double pooled = ((n - 1) * reference.variance() + (m - 1) * tonight.variance()) / Math.max(1, n + m - 2);
        double unit = Math.max(pooled, LEAST_DEVIATION * LEAST_DEVIATION);
        double shift = Math.abs(tonight.mean() - reference.mean()) / Math.sqrt(unit);
        double ofMeans = (reference.variance() / n + tonight.variance() / m) / unit;
        double scatter = Math.max(ofMeans, 1 / n + 1 / m);
        return new Effect(shift, 0, Math.sqrt(scatter + shift * shift / (2 * (n + m))));
    }
}
