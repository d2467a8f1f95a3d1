package dev.convoy.train.transport;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.FloatBuffer;
import java.nio.ShortBuffer;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.FloatRange;
import org.junit.jupiter.api.Test;

class Bfloat16Test {
    @Property
    void roundsToTheNearest(@ForAll @FloatRange(min = -3e38f, max = 3e38f) float value) {
        float rounded = rounded(value)[0];
        assertThat(Math.abs((double) rounded - value)).isLessThanOrEqualTo(Math.ulp(value) * 32768.0);
        assertThat(rounded(rounded)).containsExactly(rounded);
    }

    @Test
    void tiesGoToEven() {
        float[] values = {1 + 1 / 256f, 1 + 3 / 256f, Float.NaN, Float.NEGATIVE_INFINITY, Float.MAX_VALUE};
        assertThat(rounded(values))
                .containsExactly(1, 1 + 4 / 256f, Float.NaN, Float.NEGATIVE_INFINITY, Float.POSITIVE_INFINITY);
    }

    /** By way of what travels, and where they are, which has to give the same. */
    private static float[] rounded(float... values) {
        ShortBuffer bits = ShortBuffer.allocate(values.length);
        Bfloat16.round(values, 0, bits);
        float[] travelled = new float[values.length];
        Bfloat16.widen(bits, FloatBuffer.wrap(travelled));
        float[] inPlace = values.clone();
        Bfloat16.round(inPlace);
        assertThat(inPlace).isEqualTo(travelled);
        return travelled;
    }
}
