package dev.convoy.train;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class ContributionTest {
    private static final Contribution.Counts COUNTS = new Contribution.Counts(2, 1, 0, 1.5);

    private static Contribution of(double weight, float value) {
        return Contribution.of(
                weight, new float[] {value}, new float[] {-value}, List.of(new float[] {2 * value}), 1, COUNTS);
    }

    @Test
    void meansAreWeightedByExamples() {
        Contribution sum = Contribution.sum(List.of(of(3, 1), Contribution.empty(COUNTS), of(1, 5)));
        assertThat(sum.weight()).isEqualTo(4);
        assertThat(sum.update()).containsExactly(8);
        assertThat(sum.buffers()).containsExactly(-8);
        assertThat(sum.slots().get(0)).containsExactly(16);
        assertThat(sum.lossSum()).isEqualTo(2);
        assertThat(sum.counts()).isEqualTo(new Contribution.Counts(6, 3, 0, 1.5));
    }

    /** 2^24 swallows a single one but not two: the result shows how numbers were paired. */
    @Test
    void theTreeIsFixedByRanks() {
        List<Contribution> ranks =
                IntStream.of(1 << 24, 1, 1, 1).mapToObj(value -> of(1, value)).toList();
        assertThat(Contribution.sum(ranks).update()[0]).isEqualTo((float) ((1 << 24) + 2));
    }

    @Test
    void theLowestRankIsBlamed() {
        Contribution.Divergence one = new Contribution.Divergence(1, 7, "x");
        Contribution.Divergence two = new Contribution.Divergence(2, 6, "y");
        Contribution sum = Contribution.sum(
                List.of(of(1, 1), Contribution.diverged(one, COUNTS), Contribution.diverged(two, COUNTS)));
        assertThat(sum.divergence()).isEqualTo(one);
        assertThat(Contribution.sum(List.of(of(1, 1))).divergence()).isNull();
    }
}
