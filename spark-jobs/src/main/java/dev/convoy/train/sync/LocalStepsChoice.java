package dev.convoy.train.sync;

import dev.convoy.data.plan.EpochPlan;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * Finds the number of local steps for {@link SyncSpec#AUTO}: the fewest with which exchange takes at most {@link #SHARE} of
 * the time. It watches the first rounds, of one step each, and takes medians of the later half of them, when the JVM has
 * warmed up.
 */
public final class LocalStepsChoice implements Serializable {
    private static final long serialVersionUID = 1L;
    /** Rounds that are measured. */
    static final int ROUNDS = 20;
    /** The most of its time that a round should spend on exchange. */
    static final double SHARE = 0.05;

    private record Times(double compute, double exchange) implements Serializable {}

    private final List<Times> rounds = new ArrayList<>();
    /** What an earlier attempt at the same rounds has chosen; 0 if there was none. */
    private final int settled;

    public LocalStepsChoice() {
        this(0);
    }

    private LocalStepsChoice(int settled) {
        this.settled = settled;
    }

    /** One that measures as many rounds and then makes the same choice. */
    public static LocalStepsChoice repeating(int chosen) {
        return new LocalStepsChoice(chosen);
    }

    /**
     * Takes note of a round of one step.
     *
     * @param computeSeconds of the slowest worker
     * @param seconds of the whole round
     * @return the number of local steps; 0 as long as it is not known
     */
    public int measured(EpochPlan plan, double computeSeconds, double seconds) {
        rounds.add(new Times(computeSeconds, seconds - computeSeconds));
        if (rounds.size() < ROUNDS) {
            return 0;
        }
        if (settled > 0) {
            return settled;
        }
        List<Times> later = rounds.subList(ROUNDS / 2, ROUNDS);
        double compute = median(later.stream().map(Times::compute));
        double exchange = median(later.stream().map(Times::exchange));
        return localSteps(compute, exchange, plan.steps());
    }

    /** The smallest L for which {@code exchange / (L * compute + exchange)} is at most {@link #SHARE}. */
    static int localSteps(double compute, double exchange, int most) {
        double steps = Math.ceil(exchange * (1 - SHARE) / SHARE / compute);
        return (int) Math.max(1, Math.min(most, steps));
    }

    private static double median(Stream<Double> values) {
        List<Double> sorted = values.sorted().toList();
        return sorted.get(sorted.size() / 2);
    }
}
