package dev.convoy.train.allreduce;

import static org.assertj.core.api.Assertions.assertThat;

import dev.convoy.model.Progress;
import dev.convoy.train.EpochTotals;
import dev.convoy.train.RoundReport;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class RoundDeliveryTest {
    private final List<RoundReport> heard = new ArrayList<>();
    private final RoundDelivery delivery = new RoundDelivery(EpochTotals.NONE, heard::add);

    private static List<RoundReport> rounds(int from, int to) {
        return IntStream.range(from, to)
                .mapToObj(i -> new RoundReport(
                        new Progress(0, i + 1, i + 1, i + 1, i + 1, 10L * (i + 1), 7),
                        i == 0,
                        1,
                        0.1,
                        1,
                        1,
                        new RoundReport.Counts(10, 0, 0, 0, 0, 0),
                        List.of(),
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
