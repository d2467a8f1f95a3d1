package dev.convoy.train.rounds;

import static org.assertj.core.api.Assertions.assertThat;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.FloatRange;
import org.junit.jupiter.api.Test;

class Bfloat16Test {
    @Property
    void roundsToTheNearest(@ForAll @FloatRange(min = -3e38f, max = 3e38f) float value) {
        float rounded = Bfloat16.widen(Bfloat16.round(new float[] {value}))[0];
        assertThat(Math.abs((double) rounded - value)).isLessThanOrEqualTo(Math.ulp(value) * 32768.0);
        assertThat(Bfloat16.round(new float[] {rounded})).isEqualTo(Bfloat16.round(new float[] {value}));
    }

    @Test
    void tiesGoToEven() {
        float[] values = {1 + 1 / 256f, 1 + 3 / 256f, Float.NaN, Float.NEGATIVE_INFINITY, Float.MAX_VALUE};
        assertThat(Bfloat16.widen(Bfloat16.round(values)))
                .containsExactly(1, 1 + 4 / 256f, Float.NaN, Float.NEGATIVE_INFINITY, Float.POSITIVE_INFINITY);
    }
}
