package dev.convoy.train.allreduce;

import dev.convoy.train.EpochTotals;
import dev.convoy.train.RoundReport;
import java.util.List;
import java.util.function.Consumer;

/**
 * Tells a listener of every round of a segment once and in order, whether the report of it came early, late, or again because
 * the segment was repeated. An example:
 *
 * <pre>
 * received(rounds 1, 2)     the listener hears of 1 and 2
 * restarted()               an executor was lost
 * received(round 1)         nothing new
 * complete(rounds 1 to 4)   the listener hears of 3, with the examples of 1 and 2 as retried, and of 4
 * </pre>
 */
final class RoundDelivery {
    private final Consumer<RoundReport> onRound;
    private EpochTotals totals;
    /** Rounds that the listener has heard of. */
    private int delivered;
    /** Rounds of the running attempt that were received. */
    private int received;
    /** Examples that the running attempt has trained, as far as is known. */
    private long trained;
    /** Examples of attempts that were given up, which no report tells of yet. */
    private long retried;

    private int localSteps;

    /**
     * @param totals of the epoch before the segment
     */
    RoundDelivery(EpochTotals totals, Consumer<RoundReport> onRound) {
        this.totals = totals;
        this.onRound = onRound;
    }

    /**
     * Takes rounds of the attempt that runs. Behind a gap, where a message was lost, nothing is taken: {@link #complete} brings all.
     *
     * @param first the number of the first in the segment, from 0
     */
    void received(int first, List<RoundReport> rounds) {
        if (first != received) {
            return;
        }
        for (RoundReport round : rounds) {
            received++;
            trained += round.counts().trained();
            if (received > delivered) {
                deliver(round.withRetried(retried));
            }
        }
    }

    private void deliver(RoundReport round) {
        retried = 0;
        delivered++;
        localSteps = round.progress().localSteps();
        totals = totals.plus(round);
        onRound.accept(round);
    }

    /** Takes all rounds of the attempt that runs, those already received among them. */
    void complete(List<RoundReport> all) {
        received(received, List.copyOf(all.subList(received, all.size())));
    }

    /** Notes that the attempt was given up. */
    void restarted() {
        retried += trained;
        trained = 0;
        received = 0;
    }

    /** The number of local steps that listeners know to have been chosen; 0 if none was. */
    int localSteps() {
        return localSteps;
    }

    /** The totals of the epoch with all rounds that were delivered. */
    EpochTotals totals() {
        return totals.plusRetried(retried);
    }
}
