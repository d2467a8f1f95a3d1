package dev.convoy.model.optimizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.convoy.model.optimizer.LearningRate.Schedule;
import org.junit.jupiter.api.Test;

class LearningRateTest {
    private static final int STEPS = 100;
    private static final int EPOCHS = 10;

    @Test
    void constant() {
        LearningRate rate = new LearningRate(0.1);
        assertThat(rate.at(0, STEPS, EPOCHS)).isEqualTo(0.1);
        assertThat(rate.at(999, STEPS, EPOCHS)).isEqualTo(0.1);
    }

    @Test
    void stepFallsAtTheEndOfEachPeriod() {
        LearningRate rate = new LearningRate(1).withSchedule(new Schedule.Step(2, 0.5));
        assertThat(rate.at(199, STEPS, EPOCHS)).isEqualTo(1);
        assertThat(rate.at(200, STEPS, EPOCHS)).isEqualTo(0.5);
        assertThat(rate.at(400, STEPS, EPOCHS)).isEqualTo(0.25);
    }

    @Test
    void cosineGoesFromBaseToEnd() {
        LearningRate rate = new LearningRate(2).withSchedule(new Schedule.Cosine(0.1));
        assertThat(rate.at(0, STEPS, EPOCHS)).isEqualTo(2);
        assertThat(rate.at(500, STEPS, EPOCHS)).isCloseTo(2 * 0.55, within(1e-12));
        assertThat(rate.at(1000, STEPS, EPOCHS)).isCloseTo(0.2, within(1e-12));
    }

    @Test
    void warmUpRisesLinearlyAndTheScheduleStartsAfterIt() {
        LearningRate rate =
                new LearningRate(1).withSchedule(new Schedule.Cosine()).withWarmupEpochs(2);
        double step = rate.at(1, STEPS, EPOCHS) - rate.at(0, STEPS, EPOCHS);
        for (int i = 0; i < 200; i++) {
            assertThat(rate.at(i, STEPS, EPOCHS)).isCloseTo((i + 1) * step, within(1e-12));
        }
        assertThat(rate.at(200, STEPS, EPOCHS)).isEqualTo(1).isCloseTo(201 * step, within(1e-12));
        assertThat(rate.at(600, STEPS, EPOCHS)).isCloseTo(0.5, within(1e-12));
    }

    @Test
    void aRunMayBeAllWarmUp() {
        LearningRate rate =
                new LearningRate(1).withSchedule(new Schedule.Cosine()).withWarmupEpochs(1);
        assertThat(rate.at(49, STEPS, 1)).isCloseTo(50 / 101.0, within(1e-12));
        assertThat(rate.at(99, STEPS, 1)).isCloseTo(100 / 101.0, within(1e-12));
    }

    @Test
    void valuesOutOfRangeAreRefused() {
        assertThatThrownBy(() -> new LearningRate(0)).hasMessageContaining("base = 0.0");
        assertThatThrownBy(() -> new LearningRate(1).withWarmupEpochs(-1)).hasMessageContaining("warmupEpochs = -1.0");
        assertThatThrownBy(() -> new Schedule.Step(0)).hasMessageContaining("everyEpochs = 0.0");
    }
}
