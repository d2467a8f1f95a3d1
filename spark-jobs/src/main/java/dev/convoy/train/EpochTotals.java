package dev.convoy.train;

import java.io.Serializable;

/**
 * What the rounds of an epoch have come to so far.
 *
 * @param rounds how many
 * @param counts of their examples
 * @param lossSum over the examples that they trained
 * @param times of their workers
 * @param seconds that they took
 */
public record EpochTotals(
        int rounds, RoundReport.Counts counts, CompensatedSum lossSum, RoundReport.Times times, CompensatedSum seconds)
        implements Serializable {
    /** No round yet. */
    public static final EpochTotals NONE = new EpochTotals(
            0, RoundReport.Counts.NONE, CompensatedSum.ZERO, RoundReport.Times.NONE, CompensatedSum.ZERO);

    /** The totals with one more round; if it is the first of its epoch, rounds before it were another one's. */
    public EpochTotals plus(RoundReport round) {
        EpochTotals before = round.isFirstOfEpoch() && rounds > 0 ? NONE : this;
        return new EpochTotals(
                before.rounds + 1,
                before.counts.plus(round.counts()),
                before.lossSum.plus(round.lossSum()),
                before.times.then(round.times()),
                before.seconds.plus(round.seconds()));
    }

    /** The totals with examples that were trained again, of which no round's report tells. */
    public EpochTotals plusRetried(long examples) {
        RoundReport.Counts again = new RoundReport.Counts(0, 0, 0, 0, 0, examples);
        return new EpochTotals(rounds, counts.plus(again), lossSum, times, seconds);
    }
}
