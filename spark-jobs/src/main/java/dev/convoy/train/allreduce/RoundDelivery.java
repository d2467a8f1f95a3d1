package dev.convoy.train.allreduce;

import dev.convoy.model.ModelState;
import dev.convoy.train.EpochTotals;
import dev.convoy.train.RoundObserver;
import dev.convoy.train.RoundReport;
import dev.convoy.train.TrainingState;
import java.util.ArrayList;
import java.util.List;

/**
 * Tells an observer of every round of a segment once and in order, whether the report of it came early, late, or again because
 * the segment was repeated; and knows the newest state, from which it would be repeated. An example:
 *
 * <pre>
 * received(rounds 1, 2)     the observer hears of 1 and 2
 * restarted()               an executor was lost
 * received(round 1)         nothing new
 * complete(rounds 1 to 4)   the observer hears of 3, with the examples of 1 and 2 as retried, and of 4
 * </pre>
 */
final class RoundDelivery {
    private final RoundObserver observer;
    private TrainingState newest;
    /** Rounds of the segment that led to the newest state. */
    private int rounds;
    /** Rounds of the running attempt that led to the newest state. */
    private int before;
    /** Rounds after the newest state that the observer has heard of. */
    private final List<RoundReport> told = new ArrayList<>();
    /** Rounds after the newest state that were received of the running attempt. */
    private int received;
    /** Examples of attempts that were given up, which no report tells of yet. */
    private long retried;

    private int localSteps;

    /**
     * @param begin the state that the segment begins with
     */
    RoundDelivery(TrainingState begin, RoundObserver observer) {
        this.newest = begin;
        this.observer = observer;
    }

    /** The state that an attempt begins with. */
    TrainingState newest() {
        return newest;
    }

    /** Rounds of the segment that led to the newest state. */
    int rounds() {
        return rounds;
    }

    /**
     * Takes rounds of the attempt that runs, those that are new among them. Behind a gap, where a message was lost, nothing is taken:
     * {@link #complete} brings all.
     *
     * @param first the number of the first in the attempt, from 0
     */
    void received(int first, List<RoundReport> reports) {
        int known = before + received - first;
        if (known < 0 || known > reports.size()) {
            return;
        }
        for (RoundReport round : reports.subList(known, reports.size())) {
            received++;
            if (received > told.size()) {
                deliver(round.withRetried(retried));
            }
        }
    }

    private void deliver(RoundReport round) {
        retried = 0;
        told.add(round);
        localSteps = round.progress().localSteps();
        observer.roundCompleted(round);
    }

    /**
     * Takes a state that the attempt that runs has come to, unless it is not finite or the reports of its rounds are missing.
     *
     * @param attempted rounds of the attempt that led to it
     */
    void reached(int attempted, TrainingState state) {
        int more = attempted - before;
        if (more < 1 || more > received || !state.model().isFinite()) {
            return;
        }
        List<RoundReport> done = told.subList(0, more);
        newest = state.withEpoch(totals(done)).withLastGood(lastGood(more + 1));
        done.clear();
        received -= more;
        before = attempted;
        rounds += more;
        observer.stateReached(newest);
    }

    /** Takes all rounds of the attempt that runs, those already received among them. */
    void complete(List<RoundReport> all) {
        received(0, List.copyOf(all));
    }

    /** Notes that the attempt was given up. */
    void restarted() {
        retried += told.subList(0, received).stream()
                .mapToLong(round -> round.counts().trained())
                .sum();
        before = 0;
        received = 0;
    }

    /** The number of local steps that the observer knows to have been chosen; 0 if none was. */
    int localSteps() {
        return localSteps;
    }

    /** Rounds of the attempt that runs which came after the newest state, of so many in all. */
    int since(int attempted) {
        return attempted - before;
    }

    /**
     * The last good model before the last of so many rounds after the newest state: that state's own, if the first of them went well.
     */
    ModelState lastGood(int since) {
        boolean condemned = !told.isEmpty()
                && told.get(0).quarantined().stream().anyMatch(excluded -> excluded.condemns(newest.progress()));
        return since > 1 && !condemned ? newest.model() : newest.lastGood();
    }

    /** The totals of the epoch with all rounds of the attempt that runs; an earlier one may have come further. */
    EpochTotals totals() {
        List<RoundReport> lost = told.subList(received, told.size());
        long elsewhere =
                lost.stream().mapToLong(round -> round.counts().retried()).sum();
        return totals(told.subList(0, received)).plusRetried(retried + elsewhere);
    }

    private EpochTotals totals(List<RoundReport> reports) {
        EpochTotals totals = newest.epoch();
        for (RoundReport report : reports) {
            totals = totals.plus(report);
        }
        return totals;
    }
}
