package dev.convoy.train.allreduce;

import static org.assertj.core.api.Assertions.assertThat;

import dev.convoy.model.ModelState;
import dev.convoy.model.Progress;
import dev.convoy.model.optimizer.OptimizerSpec;
import dev.convoy.model.optimizer.OptimizerState;
import dev.convoy.train.EpochTotals;
import dev.convoy.train.Quarantined;
import dev.convoy.train.RoundObserver;
import dev.convoy.train.RoundReport;
import dev.convoy.train.TrainingState;
import dev.convoy.train.sync.LocalStepsTuning;
import dev.convoy.train.sync.NormHistory;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class RoundDeliveryTest {
    private static final TrainingState START =
            TrainingState.start(new ModelState(new float[] {1}, new float[0]), new OptimizerSpec.Sgd());

    private final List<RoundReport> heard = new ArrayList<>();
    private final List<TrainingState> states = new ArrayList<>();
    private final RoundDelivery delivery = new RoundDelivery(START, new RoundObserver() {
        @Override
        public void roundCompleted(RoundReport round) {
            heard.add(round);
        }

        @Override
        public void stateReached(TrainingState state) {
            states.add(state);
        }
    });

    /** After so many rounds. */
    private static TrainingState state(int rounds, float value) {
        return new TrainingState(
                new ModelState(new float[] {value}, new float[0]),
                OptimizerState.NONE,
                new float[0],
                new Progress(0, rounds, rounds, rounds, rounds, 10L * rounds, 7),
                NormHistory.EMPTY,
                LocalStepsTuning.EMPTY,
                EpochTotals.NONE,
                List.of(),
                START.model());
    }

    private static List<RoundReport> rounds(int from, int to) {
        return rounds(from, to, List.of());
    }

    private static List<RoundReport> rounds(int from, int to, List<Quarantined> quarantined) {
        return IntStream.range(from, to)
                .mapToObj(i -> new RoundReport(
                        new Progress(0, i + 1, i + 1, i + 1, i + 1, 10L * (i + 1), 7),
                        i == 0,
                        1,
                        0.1,
                        1,
                        1,
                        new RoundReport.Counts(10, 0, 0, 0, 0, 0),
                        quarantined,
                        List.of(),
                        0,
                        0.1))
                .toList();
    }

    @Test
    void everyRoundIsToldOnceThoughTheSegmentIsRepeated() {
        delivery.received(0, rounds(0, 3));
        delivery.restarted();
        assertThat(delivery.localSteps()).isEqualTo(7);
        delivery.received(0, rounds(0, 2));
        delivery.restarted();
        delivery.received(0, rounds(0, 1));
        delivery.complete(rounds(0, 6));
        assertThat(heard).extracting(round -> round.progress().round()).containsExactly(1, 2, 3, 4, 5, 6);
        assertThat(heard.stream().mapToLong(round -> round.counts().trained()).sum())
                .isEqualTo(60);
        assertThat(heard.get(3).counts().retried()).isEqualTo(50);
        assertThat(heard.stream().mapToLong(round -> round.counts().retried()).sum())
                .isEqualTo(50);
        assertThat(delivery.totals().counts()).isEqualTo(new RoundReport.Counts(60, 0, 0, 0, 0, 50));
    }

    /** The last attempt brings no round that was not heard of before. */
    @Test
    void whatWasTrainedAgainIsCountedThoughNoReportTellsOfIt() {
        delivery.received(0, rounds(0, 2));
        delivery.restarted();
        delivery.complete(rounds(0, 2));
        assertThat(heard).hasSize(2);
        assertThat(delivery.totals().counts()).isEqualTo(new RoundReport.Counts(20, 0, 0, 0, 0, 20));
    }

    /** An attempt begins with the newest state; only what came after it is trained again. */
    @Test
    void aSegmentIsRepeatedFromTheNewestState() {
        delivery.received(0, rounds(0, 5));
        delivery.reached(3, state(3, 3));
        assertThat(states).containsExactly(delivery.newest());
        assertThat(delivery.newest().progress().round()).isEqualTo(3);
        assertThat(delivery.newest().epoch().counts()).isEqualTo(new RoundReport.Counts(30, 0, 0, 0, 0, 0));
        assertThat(delivery.newest().lastGood()).isSameAs(START.model());
        assertThat(delivery.rounds()).isEqualTo(3);
        delivery.received(5, rounds(5, 6));
        delivery.restarted();
        // The attempt's first round is the fourth one.
        delivery.received(0, rounds(3, 5));
        delivery.reached(1, state(4, 4));
        assertThat(delivery.newest().progress().round()).isEqualTo(4);
        assertThat(delivery.newest().epoch().counts().trained()).isEqualTo(40);
        assertThat(delivery.newest().lastGood().parameters()).containsExactly(3);
        assertThat(delivery.rounds()).isEqualTo(4);
        delivery.complete(rounds(3, 8));
        assertThat(delivery.since(5)).isEqualTo(4);
        assertThat(heard).extracting(round -> round.progress().round()).containsExactly(1, 2, 3, 4, 5, 6, 7, 8);
        assertThat(delivery.totals().counts()).isEqualTo(new RoundReport.Counts(80, 0, 0, 0, 0, 30));
    }

    @Test
    void aStateIsNotTakenWithoutItsReportsNorIfItIsNotFinite() {
        delivery.received(0, rounds(0, 2));
        delivery.reached(3, state(3, 3));
        delivery.reached(2, state(2, Float.NaN));
        assertThat(states).isEmpty();
        assertThat(delivery.newest()).isSameAs(START);
        delivery.reached(2, state(2, 2));
        delivery.reached(2, state(2, 2));
        assertThat(states).hasSize(1);
    }

    /** Its answer was lost, so that it is sent again. */
    @Test
    void aMessageThatComesTwiceIsTakenOnce() {
        delivery.received(0, rounds(0, 3));
        delivery.received(0, rounds(0, 5));
        delivery.received(2, rounds(2, 4));
        assertThat(heard).extracting(round -> round.progress().round()).containsExactly(1, 2, 3, 4, 5);
        delivery.reached(4, state(4, 4));
        assertThat(states).hasSize(1);
    }

    /** The loss of the round's first step was not finite with the model that it began with. */
    @Test
    void aModelThatTheNextRoundCondemnsIsNoGoodOne() {
        delivery.received(0, rounds(0, 2));
        delivery.reached(2, state(2, 2));
        assertThat(delivery.lastGood(2)).isSameAs(delivery.newest().model());
        Quarantined bad = new Quarantined(0, 2, Quarantined.Fault.LOSS);
        assertThat(bad.condemns(delivery.newest().progress())).isTrue();
        delivery.received(2, rounds(2, 4, List.of(bad)));
        assertThat(delivery.lastGood(2)).isSameAs(START.model());
        delivery.reached(4, state(4, 4));
        assertThat(delivery.newest().lastGood()).isSameAs(START.model());
    }

    /** An attempt that ends early has not come as far as one before it that was lost. */
    @Test
    void totalsAreThoseOfTheStateThatComesHome() {
        delivery.received(0, rounds(0, 5));
        delivery.restarted();
        delivery.complete(rounds(0, 2));
        assertThat(delivery.totals().counts()).isEqualTo(new RoundReport.Counts(20, 0, 0, 0, 0, 50));
        delivery.restarted();
        delivery.received(0, rounds(0, 6));
        delivery.restarted();
        delivery.complete(rounds(0, 2));
        assertThat(delivery.totals().counts()).isEqualTo(new RoundReport.Counts(20, 0, 0, 0, 0, 130));
    }

    /** The end brings what a lost message would have told. */
    @Test
    void aMessageThatIsLostLeavesNoGap() {
        delivery.received(0, rounds(0, 2));
        delivery.received(4, rounds(4, 5));
        assertThat(heard).hasSize(2);
        delivery.complete(rounds(0, 6));
        assertThat(heard).extracting(round -> round.progress().round()).containsExactly(1, 2, 3, 4, 5, 6);
        assertThat(delivery.totals().counts().trained()).isEqualTo(60);
    }
}
