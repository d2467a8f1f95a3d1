package dev.convoy.data.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.convoy.data.CounterRandom;
import java.util.stream.LongStream;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;

class PermutationTest {
    @Property(tries = 200)
    void everyElementComesOnceAndIsFoundAgain(@ForAll @IntRange(min = 1, max = 3000) int size, @ForAll long seed) {
        Permutation permutation = permutation(size, seed);
        long[] order = LongStream.range(0, size).map(permutation::apply).toArray();
        assertThat(LongStream.of(order).sorted().toArray())
                .isEqualTo(LongStream.range(0, size).toArray());
        assertThat(LongStream.of(order).map(permutation::invert).toArray())
                .isEqualTo(LongStream.range(0, size).toArray());
    }

    @Property(tries = 200)
    void worksBeyondIntegers(@ForAll @LongRange(min = 1L << 33, max = 1L << 50) long size, @ForAll long seed) {
        Permutation permutation = permutation(size, seed);
        long element = permutation.apply(size - 1);
        assertThat(element).isBetween(0L, size - 1);
        assertThat(permutation.invert(element)).isEqualTo(size - 1);
    }

    /** Over many seeds each element comes first about equally often: chi-squared far inside its 1e-6 quantile. */
    @Property(tries = 1)
    void firstElementIsUniform() {
        int size = 10;
        int[] counts = new int[size];
        int seeds = 20_000;
        for (int seed = 0; seed < seeds; seed++) {
            counts[(int) permutation(size, seed).apply(0)]++;
        }
        double expected = (double) seeds / size;
        double chiSquared = 0;
        for (int count : counts) {
            chiSquared += (count - expected) * (count - expected) / expected;
        }
        assertThat(chiSquared).as("9 degrees of freedom").isLessThan(45);
    }

    private static Permutation permutation(long size, long seed) {
        return new Permutation(size, CounterRandom.of(seed, CounterRandom.Purpose.LAYOUT));
    }

    /** From there the walk along a cycle would never end. */
    @Example
    void whatIsOutsideIsRefused() {
        Permutation permutation = new Permutation(10, CounterRandom.of(1, CounterRandom.Purpose.LAYOUT));
        for (long outside : new long[] {-1, 10, 100_000, Long.MAX_VALUE}) {
            assertThatThrownBy(() -> permutation.invert(outside)).isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> permutation.apply(outside)).isInstanceOf(IllegalArgumentException.class);
        }
    }
}
