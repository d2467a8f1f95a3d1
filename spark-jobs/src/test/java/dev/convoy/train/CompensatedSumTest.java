package dev.convoy.train;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;

class CompensatedSumTest {
    @Property
    void comesToTheBitsOfAStreamsSum(@ForAll List<@DoubleRange(min = -1e200, max = 1e200) Double> numbers) {
        CompensatedSum sum = CompensatedSum.ZERO;
        for (double number : numbers) {
            sum = sum.plus(number);
        }
        double expected = numbers.stream().mapToDouble(Double::doubleValue).sum();
        assertThat(Double.doubleToLongBits(sum.value() + 0.0)).isEqualTo(Double.doubleToLongBits(expected + 0.0));
    }
}
