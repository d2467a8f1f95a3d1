package dev.convoy.gate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

class AlphaBudgetTest {
    @Test
    void theFirstTestsAndTheLastOneOfAYear() {
        AlphaBudget budget = AlphaBudget.of(0.05);
        assertThat(budget.tonight()).isCloseTo(0.015267, within(1e-6));
        AlphaBudget rejected = budget.after(new AlphaBudget.Test(budget.tonight(), 0.5, false));
        assertThat(rejected.tonight()).isCloseTo(0.003868, within(1e-6));
        AlphaBudget promoted = budget.after(new AlphaBudget.Test(budget.tonight(), 0.01, true));
        assertThat(promoted.tonight()).isCloseTo(0.003868 + 0.015267, within(1e-6));
        assertThat(promoted.spent()).isZero();
        AlphaBudget last = rejectedFor(AlphaBudget.YEAR - 1);
        assertThat(last.next()).isEqualTo(365);
        assertThat(last.tonight()).isCloseTo(0.0000686, within(1e-7));
        assertThat(rejectedFor(AlphaBudget.YEAR).tonight()).isLessThan(1.2e-7);
    }

    @Test
    void tenYearsOfRejectionsSpendNoMoreThanAlpha() {
        assertThat(rejectedFor(AlphaBudget.YEAR).spent()).isBetween(0.0498, 0.05);
        assertThat(rejectedFor(10 * AlphaBudget.YEAR).spent()).isBetween(0.0499, 0.05);
    }

    /** Whatever is promoted on the way, the levels of tests that did not promote, tonight's among them, sum to alpha at most. */
    @Property(tries = 200)
    void neverMoreThanAlphaIsAtStake(@ForAll List<Boolean> promotions) {
        AlphaBudget budget = AlphaBudget.of(0.05);
        double dealt = 0;
        for (boolean promoted : promotions) {
            double tonight = budget.tonight();
            dealt += tonight;
            assertThat(tonight).isPositive();
            assertThat(budget.spent() + tonight).isLessThanOrEqualTo(0.05 + 1e-15);
            budget = budget.after(new AlphaBudget.Test(tonight, tonight / 2, promoted));
        }
        assertThat(budget.next()).isEqualTo(promotions.size() + 1);
        assertThat(dealt).isGreaterThanOrEqualTo(budget.spent());
    }

    @Test
    void anAlphaThatWasLoweredLeavesNothingOnceItIsSpent() {
        AlphaBudget budget = new AlphaBudget(0.01, List.of(new AlphaBudget.Test(0.015, 0.5, false)));
        assertThat(budget.tonight()).isZero();
    }

    @Test
    void whatCannotBeIsRefused() {
        assertThatThrownBy(() -> AlphaBudget.of(0)).hasMessageContaining("alpha = 0.0; it must be above 0");
        assertThatThrownBy(() -> new AlphaBudget.Test(0.01, 0.02, true))
                .hasMessageContaining("p = 0.02; what was promoted at 0.01 has at most that");
        assertThatThrownBy(() -> new AlphaBudget.Test(0.01, Double.NaN, false)).hasMessageContaining("p = NaN");
    }

    static AlphaBudget rejectedFor(int tests) {
        AlphaBudget budget = AlphaBudget.of(0.05);
        List<AlphaBudget.Test> earlier = new ArrayList<>();
        for (int i = 0; i < tests; i++) {
            double level = 0.05 * (3 / (Math.PI * Math.PI * (i + 1) * (i + 1)) + (i < 365 ? 0.5 / 365 : 0));
            earlier.add(new AlphaBudget.Test(level, 0.5, false));
            // A budget that grows by one test copies all of them.
            if (i < 400) {
                assertThat(budget.tonight()).isCloseTo(level, within(1e-15));
                budget = budget.after(earlier.get(i));
            }
        }
        return new AlphaBudget(0.05, earlier);
    }
}
