package dev.convoy.gate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class HolmTest {
    @Test
    void multipliesBySmallerAndSmallerNumbersAndNeverFalls() {
        assertThat(Holm.adjusted(new double[] {0.01, 0.04, 0.03, 0.005}))
                .containsExactly(new double[] {0.03, 0.06, 0.06, 0.02}, within(1e-12));
        assertThat(Holm.adjusted(new double[] {0.5, 0.6})).containsExactly(1, 1);
        assertThat(Holm.adjusted(new double[0])).isEmpty();
    }

    @Property(tries = 200)
    void keepsTheOrderAndIsNoSmaller(
            @ForAll @Size(min = 1, max = 30) List<@DoubleRange(min = 0, max = 1) Double> given) {
        double[] p = given.stream().mapToDouble(Double::doubleValue).toArray();
        double[] adjusted = Holm.adjusted(p);
        for (int i = 0; i < p.length; i++) {
            assertThat(adjusted[i]).isBetween(p[i], Math.min(1, p.length * p[i]));
            for (int j = 0; j < p.length; j++) {
                assertThat(p[i] < p[j] && adjusted[i] > adjusted[j]).isFalse();
            }
        }
        double least = Arrays.stream(p).min().orElseThrow();
        assertThat(Arrays.stream(adjusted).min().orElseThrow()).isCloseTo(Math.min(1, p.length * least), within(1e-12));
    }
}
