package dev.convoy.benchmarks.contest;

/**
 * The lines between hosts that a machine plays.
 *
 * @param gbit of each host's line, each way, in Gbit/s; 0 for no limit
 * @param latency milliseconds from one host to another, beside what bytes take; 0 adds nothing
 */
public record Lines(double gbit, double latency) {
    /** In seconds. */
    public double latencySeconds() {
        return latency / 1000;
    }
}
