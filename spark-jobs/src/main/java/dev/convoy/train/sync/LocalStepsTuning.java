package dev.convoy.train.sync;

import java.io.Serializable;
import java.util.List;
import java.util.stream.Stream;

/**
 * Finds the number of local steps for {@link ParameterAveraging#AUTO}: the fewest with which exchange takes at most {@link #SHARE} of
 * the time. It measures the first rounds, of one step each, and takes medians of the later half of them, when the JVM has warmed up.
 *
 * @param rounds measured so far, {@link #ROUNDS} at most
 * @param settled what an earlier attempt at the same rounds has chosen and listeners have heard of; 0 if there was none
 */
public record LocalStepsTuning(List<Timing> rounds, int settled) implements Serializable {
    /** Nothing measured yet. */
    public static final LocalStepsTuning EMPTY = new LocalStepsTuning(List.of(), 0);

    /** Rounds that are measured. */
    static final int ROUNDS = 20;

    /** The most of its time that a round should spend on exchange. */
    static final double SHARE = 0.05;

    /**
     * One round of one step.
     *
     * @param compute seconds of the slowest worker
     * @param exchange the other seconds of the round
     */
    public record Timing(double compute, double exchange) implements Serializable {}

    public LocalStepsTuning {
        rounds = List.copyOf(rounds);
    }

    /** Measures as many rounds but chooses what was chosen before. */
    public LocalStepsTuning withSettled(int chosen) {
        return new LocalStepsTuning(rounds, chosen);
    }

    /**
     * The tuning with one more round.
     *
     * @param computeSeconds of the slowest worker
     * @param seconds of the whole round
     */
    public LocalStepsTuning after(double computeSeconds, double seconds) {
        return rounds.size() == ROUNDS
                ? this
                : new LocalStepsTuning(
                        Stream.concat(rounds.stream(), Stream.of(new Timing(computeSeconds, seconds - computeSeconds)))
                                .toList(),
                        settled);
    }

    /** The number of local steps, at most those of an epoch; 0 as long as it is not known. */
    public int localSteps(int stepsOfEpoch) {
        if (rounds.size() < ROUNDS) {
            return 0;
        }
        if (settled > 0) {
            return settled;
        }
        List<Timing> later = rounds.subList(ROUNDS / 2, ROUNDS);
        double compute = median(later.stream().map(Timing::compute));
        double exchange = median(later.stream().map(Timing::exchange));
        return localSteps(compute, exchange, stepsOfEpoch);
    }

    /**
     * The smallest L for which {@code exchange / (L * compute + exchange)} is at most a twentieth.
     *
     * @param compute seconds of a step, above 0
     * @param exchange seconds, at least 0
     * @param max that it may be, at least 1
     */
    public static int localSteps(double compute, double exchange, int max) {
        double steps = Math.ceil(exchange * (1 - SHARE) / SHARE / compute);
        return (int) Math.max(1, Math.min(max, steps));
    }

    private static double median(Stream<Double> values) {
        List<Double> sorted = values.sorted().toList();
        return sorted.get(sorted.size() / 2);
    }
}
