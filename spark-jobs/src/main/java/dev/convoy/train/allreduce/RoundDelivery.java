package dev.convoy.train.allreduce;

import dev.convoy.train.RoundReport;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * Tells a listener of every round of a segment once and in order, whether the news of it came early, late, or again because
 * the segment was repeated.
 */
final class RoundDelivery {
    private final Consumer<RoundReport> onRound;
    private int count;
    /** Of the attempt that runs. */
    private int heard;
    /** Examples that given up attempts are known to have trained. */
    private long retried;

    private long trained;

    private int localSteps;

    RoundDelivery(Consumer<RoundReport> onRound) {
        this.onRound = onRound;
    }

    /** The next rounds of the attempt that runs. */
    void received(List<RoundReport> rounds) {
        for (RoundReport round : rounds) {
            heard++;
            trained += round.counts().trained();
            if (heard > count) {
                count++;
                localSteps = round.progress().localSteps();
                onRound.accept(withRetried(round));
            }
        }
    }

    /** All rounds of the attempt that runs, those already told among them. */
    void complete(List<RoundReport> all) {
        received(new ArrayList<>(all.subList(heard, all.size())));
    }

    /** The number of local steps that was told to have been chosen; 0 if none was. */
    int localSteps() {
        return localSteps;
    }

    /** The attempt was given up. */
    void restarted() {
        retried += trained;
        trained = 0;
        heard = 0;
    }

    /** Examples that were trained again are counted with the first round that is told afterwards. */
    private RoundReport withRetried(RoundReport round) {
        RoundReport.Counts again = new RoundReport.Counts(0, 0, 0, 0, retried);
        retried = 0;
        return new RoundReport(
                round.progress(),
                round.steps(),
                round.lossSum(),
                round.counts().plus(again),
                round.quarantined(),
                round.times(),
                round.seconds());
    }
}
