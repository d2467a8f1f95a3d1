package dev.convoy.report;

/** Numbers as files have them: one that is not finite is none. */
final class Finite {
    private Finite() {}

    static Double of(double value) {
        return Double.isFinite(value) ? value : null;
    }
}
