package dev.convoy.train.sync;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.convoy.data.ConvoyException;
import dev.convoy.data.plan.EpochPlan;
import dev.convoy.data.plan.Shuffle;
import dev.convoy.data.plan.WorkerLayout;
import dev.convoy.model.HeapVector;
import dev.convoy.model.Progress;
import dev.convoy.model.optimizer.LearningRate;
import dev.convoy.model.optimizer.OptimizerSpec;
import dev.convoy.train.TrainingSpec;
import java.util.ArrayList;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class SyncSpecTest {
    @Property(tries = 200)
    void roundsFillEpochsAndNeverStraddleThem(
            @ForAll @IntRange(min = 1, max = 300) int examples,
            @ForAll @IntRange(min = 1, max = 9) int localSteps,
            @ForAll @IntRange(min = 0, max = 20) int warmup) {
        EpochPlan plan = new EpochPlan(1, 0, new WorkerLayout(1, examples, examples, 2), 4, Shuffle.GLOBAL);
        ParameterAveraging averaging = ParameterAveraging.every(localSteps).withWarmupRounds(warmup);
        Progress now = Progress.START;
        long rounds = 0;
        while (now.epoch() < 3) {
            int steps = averaging.stepsOfRound(now, plan.steps());
            assertThat(steps).isBetween(1, localSteps);
            if (now.globalStep() < warmup) {
                assertThat(steps).isEqualTo(1);
            }
            Progress next = now.afterRound(steps, 0, plan.steps());
            assertThat(next.globalStep()).isEqualTo((long) next.epoch() * plan.steps() + next.step());
            now = next;
            rounds++;
        }
        assertThat(now).isEqualTo(new Progress(3, 0, 0, now.globalRound(), 3L * plan.steps(), 0, 0));
        assertThat(now.globalRound()).isEqualTo(rounds);
    }

    @Test
    void localStepsAreTheFewestThatKeepExchangeWithinItsShare() {
        assertThat(LocalStepsTuning.localSteps(0.010, 0.010, 1000)).isEqualTo(19);
        assertThat(LocalStepsTuning.localSteps(0.010, 0.0105, 1000)).isEqualTo(20);
        assertThat(LocalStepsTuning.localSteps(1, 1e-9, 1000)).isEqualTo(1);
        assertThat(LocalStepsTuning.localSteps(1e-9, 1, 77)).isEqualTo(77);
    }

    /** Two steps from 0, each with a distance of 1, worked out by hand from the papers' formulas. */
    @Test
    void outerOptimizersFollowTheirFormulas() {
        assertThat(twoSteps(new OuterOptimizer.None())).isEqualTo(2f);
        // v = 1, 1.5
        assertThat(twoSteps(new OuterOptimizer.Momentum(0.5, 1.0))).isEqualTo(2.5f);
        // v = 1, 1.5; steps of 0.5 * (1 + 0.5 v)
        assertThat(twoSteps(new OuterOptimizer.Nesterov(0.5, 0.5))).isEqualTo(0.5f * 1.5f + 0.5f * 1.75f);
    }

    private static float twoSteps(OuterOptimizer outer) {
        HeapVector w = new HeapVector(1);
        HeapVector v = new HeapVector(1);
        for (int i = 0; i < 2; i++) {
            outer.step(w, HeapVector.over(new float[] {1}), v);
        }
        return w.values()[0];
    }

    @Test
    void quarantineEndsTrainingWhenItRepeatsOrNothingIsLeft() {
        NormHistory bad = NormHistory.EMPTY.after(1, 5, 5).after(1, 5, 5);
        assertThat(bad.mustEnd(1, 5, false)).isFalse();
        NormHistory again = bad.after(0, 5, 5).after(2, 5, 5).after(1, 5, 5);
        assertThat(again.mustEnd(1, 5, false)).isFalse();
        assertThat(again.after(1, 5, 5).mustEnd(1, 5, false)).isTrue();
        assertThat(NormHistory.EMPTY.after(2, 0, 0).mustEnd(2, 0, false)).isTrue();
        assertThat(NormHistory.EMPTY.after(1, 0, 0).mustEnd(1, 0, true))
                .as("others were late, and may be sound")
                .isFalse();
        assertThat(NormHistory.EMPTY.after(0, 0, 0).mustEnd(0, 0, false))
                .as("a round of empty batches")
                .isFalse();
    }

    @Test
    void theBoundFollowsTheRunningMedian() {
        NormHistory history = NormHistory.EMPTY;
        List<Double> bounds = new ArrayList<>();
        for (int norm = 1; norm <= NormHistory.MIN_ROUNDS; norm++) {
            bounds.add(history.bound(10));
            history = history.after(0, 2, 2 * norm);
        }
        assertThat(bounds).containsOnly(Double.MAX_VALUE);
        assertThat(history.bound(10)).isEqualTo(50);
        for (int i = 0; i < NormHistory.WINDOW; i++) {
            history = history.after(0, 2, 2 * 0.25);
        }
        assertThat(history.norms()).hasSize(NormHistory.WINDOW);
        assertThat(history.bound(10)).isEqualTo(2.5);
    }

    @Test
    void whatCannotBeIsRefused() {
        assertThatThrownBy(() -> new OuterOptimizer.Momentum().withMomentum(1))
                .hasMessageContaining("momentum = 1.0; it must be at least 0 and below 1");
        assertThatThrownBy(() -> new OuterOptimizer.Nesterov().withRate(0))
                .hasMessageContaining("rate = 0.0; it must be above 0 and at most 10");
    }

    @Test
    void aRateThatEndsAtNothingIsRefused() {
        LearningRate halved = new LearningRate(0.1).withSchedule(new LearningRate.Schedule.Step(1, 0.5));
        training(100, halved).checkRates(7);
        assertThatThrownBy(() -> training(200, halved).checkRates(7))
                .isInstanceOf(ConvoyException.class)
                .hasMessageContaining("Cannot train for 200 epochs with this schedule");
    }

    private static TrainingSpec training(int epochs, LearningRate rate) {
        return new TrainingSpec(1, epochs, 4, new OptimizerSpec.Momentum(), rate, SyncSpec.gradient());
    }
}
