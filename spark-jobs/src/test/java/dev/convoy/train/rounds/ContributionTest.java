package dev.convoy.train.rounds;

import static org.assertj.core.api.Assertions.assertThat;

import dev.convoy.train.Quarantined;
import dev.convoy.train.RoundReport;
import dev.convoy.train.transport.Payload;
import dev.convoy.train.worker.WorkerResult;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class ContributionTest {
    private static final Contribution NOTHING =
            contribution(new WorkerResult(0, 1, 0, 0, 0, new RoundReport.WorkerTime(1.5, 0.25), Optional.empty()));

    private static Contribution of(long weight, float value) {
        return contribution(
                new WorkerResult(
                        weight, 1, 0, weight * 0.5, 2, new RoundReport.WorkerTime(1.5, 0.25), Optional.empty()),
                value,
                -value);
    }

    private static Contribution contribution(WorkerResult outcome, float... mean) {
        for (int i = 0; i < mean.length; i++) {
            mean[i] *= outcome.trained();
        }
        return Contribution.of(outcome, false, () -> new Payload.Whole(mean));
    }

    @Test
    void meansAreWeightedByExamples() {
        Contribution sum = Contribution.sum(List.of(of(3, 1), NOTHING, of(1, 5)));
        assertThat(sum.weight()).isEqualTo(4);
        assertThat(vectors(List.of(of(3, 1), NOTHING, of(1, 5)))).containsExactly(8, -8);
        assertThat(sum.lossSum()).isEqualTo(2);
        assertThat(sum.normSum()).isEqualTo(8);
        assertThat(sum.counts()).isEqualTo(new RoundReport.Counts(4, 3, 0, 0, 0, 0));
        assertThat(sum.workers()).isEqualTo(Collections.nCopies(3, new RoundReport.WorkerTime(1.5, 0.25)));
    }

    /** 2^24 swallows a single one but not two: the result shows how numbers were paired. */
    @Test
    void theTreeIsFixedByRanks() {
        List<Contribution> ranks =
                IntStream.of(1 << 24, 1, 1, 1).mapToObj(value -> of(1, value)).toList();
        assertThat(vectors(ranks)[0]).isEqualTo((float) ((1 << 24) + 2));
    }

    private static float[] vectors(List<Contribution> byRank) {
        float[] sum = new float[2];
        assertThat(Contribution.sumBlock(byRank, 0, sum, 0)).isTrue();
        return sum;
    }

    @Test
    void nothingIsSummedWhereNobodyHasAnything() {
        float[] sum = {7, 7};
        assertThat(Contribution.sumBlock(List.of(NOTHING, NOTHING, NOTHING), 0, sum, 0))
                .isFalse();
        assertThat(sum).containsExactly(7, 7);
    }

    @Test
    void whatIsLeftOutIsListedByRankAndWeighsNothing() {
        Quarantined one = new Quarantined(1, 7, Quarantined.Fault.LOSS);
        Quarantined two = new Quarantined(2, 6, Quarantined.Fault.NORM);
        List<Contribution> byRank = List.of(
                of(1, 3),
                contribution(new WorkerResult(0, 0, 9, 0, 0, new RoundReport.WorkerTime(1, 0), Optional.of(one))),
                contribution(new WorkerResult(0, 0, 9, 0, 0, new RoundReport.WorkerTime(1, 0), Optional.of(two))));
        Contribution sum = Contribution.sum(byRank);
        assertThat(sum.quarantined()).containsExactly(one, two);
        assertThat(vectors(byRank)).containsExactly(3, -3);
        assertThat(sum.counts()).isEqualTo(new RoundReport.Counts(1, 1, 0, 18, 0, 0));
    }
}
