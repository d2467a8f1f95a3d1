package dev.convoy.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.convoy.data.CounterRandom.Purpose;
import java.util.EnumMap;
import java.util.Map;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class CounterRandomTest {
    /** The generator's published known answers (Random123, kat_vectors, philox4x32 10). */
    @Test
    void agreesWithPublishedValues() {
        int[] words = new int[4];
        CounterRandom.withKey(0).draw(0, words);
        assertThat(words).containsExactly(0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8);
        assertThat(CounterRandom.withKey(0).bits(0)).isEqualTo(0xe169c58d6627e8d5L);
    }

    @Test
    void masksDropTheirShareAndTakeEveryWord() {
        CounterRandom random = CounterRandom.withKey(0);
        // 0x6627e8d5 and 0x9b00dbd8 are 0.399 and 0.605 of 2^32.
        assertThat(random.dropoutMask(4, 0.5)).containsExactly(0, 2, 2, 2);
        assertThat(random.dropoutMask(4, 0.75)).containsExactly(0, 4, 0, 0);
        assertThat(random.dropoutMask(3, 0)).containsExactly(1, 1, 1);
        int n = 100_001;
        float[] mask = random.dropoutMask(n, 0.3);
        int dropped = 0;
        for (float value : mask) {
            assertThat(value).isIn(0f, (float) (1 / 0.7));
            dropped += value == 0 ? 1 : 0;
        }
        assertThat((double) dropped / n).isCloseTo(0.3, within(0.005));
    }

    /** Every run, every initial model and every prepared set depends on these. */
    @Test
    void purposesKeepTheirNumbers() {
        Map<Purpose, Long> firsts = new EnumMap<>(Purpose.class);
        for (Purpose purpose : Purpose.values()) {
            firsts.put(purpose, CounterRandom.of(1, purpose, 7).bits(0));
        }
        assertThat(firsts)
                .isEqualTo(Map.of(
                        Purpose.LAYOUT, 4385685936693683114L,
                        Purpose.EPOCH_ORDER, 2830224623367570689L,
                        Purpose.INITIAL_WEIGHTS, -8151442395754760398L,
                        Purpose.DROPOUT, 7732064403074742312L,
                        Purpose.AUGMENTATION, -3637315396124105561L,
                        Purpose.SHARDS, -7989574579164983842L));
    }

    @Test
    void streamsDiffer() {
        LongStream firsts = LongStream.of(
                CounterRandom.of(1, Purpose.LAYOUT).bits(0),
                CounterRandom.of(2, Purpose.LAYOUT).bits(0),
                CounterRandom.of(1, Purpose.DROPOUT).bits(0),
                CounterRandom.of(1, Purpose.DROPOUT, 0).bits(0),
                CounterRandom.of(1, Purpose.DROPOUT, 0, 1).bits(0),
                CounterRandom.of(1, Purpose.DROPOUT, 1, 0).bits(0));
        assertThat(firsts.distinct().count()).isEqualTo(6);
    }

    @Test
    void momentsAreThoseOfTheDistribution() {
        CounterRandom random = CounterRandom.of(3, Purpose.INITIAL_WEIGHTS);
        int n = 100_000;
        double[] uniform = LongStream.range(0, n).mapToDouble(random::uniform).toArray();
        double[] normal = LongStream.range(0, n).mapToDouble(random::normal).toArray();
        assertThat(moment(uniform, 1)).isCloseTo(0.5, within(0.005));
        assertThat(moment(uniform, 2)).isCloseTo(1 / 3.0, within(0.005));
        assertThat(moment(normal, 1)).isCloseTo(0, within(0.015));
        assertThat(moment(normal, 2)).isCloseTo(1, within(0.03));
        assertThat(moment(normal, 4)).isCloseTo(3, within(0.25));
    }

    private static double moment(double[] values, int power) {
        double sum = 0;
        for (double value : values) {
            sum += Math.pow(value, power);
        }
        return sum / values.length;
    }
}
