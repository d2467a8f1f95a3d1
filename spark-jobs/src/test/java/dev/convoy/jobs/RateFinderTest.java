package dev.convoy.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.convoy.data.plan.WorkerLayout;
import dev.convoy.data.rdd.ImageShards;
import dev.convoy.model.optimizer.LearningRate;
import dev.convoy.model.optimizer.OptimizerSpec;
import dev.convoy.testing.SparkExtension;
import dev.convoy.testing.Training;
import dev.convoy.train.TrainingMaster;
import dev.convoy.train.TrainingSpec;
import dev.convoy.train.TrainingState;
import dev.convoy.train.rounds.RoundsMaster;
import dev.convoy.train.sync.SyncSpec;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.spark.api.java.JavaSparkContext;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

@ExtendWith(SparkExtension.class)
class RateFinderTest {
    /** Rates grow by the same factor at every step, and the state that it begins with stays, bit by bit. */
    @Test
    void theStateStaysAsItWas(JavaSparkContext spark, @TempDir Path folder) throws IOException {
        TrainingSpec usual =
                new TrainingSpec(1, 1, 16, new OptimizerSpec.Adam(), new LearningRate(0.1), SyncSpec.gradient());
        try (ImageShards shards = Training.shards(spark, folder, 640, 2)) {
            RateFinder finder = new RateFinder(usual, shards.layout());
            TrainingState start =
                    TrainingState.start(Training.SMALL.bind(Training.DIGIT).initialState(1), usual.optimizer());
            float[] before = start.parameters().clone();
            List<RateFinder.Point> points;
            try (TrainingMaster master =
                    new RoundsMaster(spark, shards, Training.replica(Training.SMALL), finder.spec())) {
                points = finder.find(master, start);
            }
            assertThat(start.parameters()).isEqualTo(before);
            assertThat(start.progress().globalStep()).isZero();
            start.optimizer().slots().forEach(slot -> assertThat(slot).containsOnly(0));
            assertThat(points).hasSizeGreaterThan(40);
            double factor = points.get(1).learningRate() / points.get(0).learningRate();
            for (int i = 1; i < points.size(); i++) {
                assertThat(points.get(i).learningRate() / points.get(i - 1).learningRate())
                        .isCloseTo(factor, within(1e-6));
            }
            assertThat(RateFinder.suggest(points)).isPresent();
        }
    }

    /** An epoch may be far longer than what is tried. */
    @Test
    void ratesDoNotDependOnTheLengthOfAnEpoch() {
        TrainingSpec usual =
                new TrainingSpec(1, 1, 1, new OptimizerSpec.Sgd(), new LearningRate(0.1), SyncSpec.gradient());
        for (long images : new long[] {40, 1000, 1_000_000}) {
            RateFinder finder = new RateFinder(usual, new WorkerLayout(1, images, images, 2));
            int steps = finder.spec()
                    .plan(new WorkerLayout(1, images, images, 2), 0)
                    .steps();
            LearningRate rate = finder.spec().learningRate();
            int epochs = finder.spec().epochs();
            assertThat(rate.at(0, steps, epochs)).isCloseTo(1e-6, within(1e-9));
            assertThat(rate.at(50, steps, epochs)).isCloseTo(Math.sqrt(1e-5), within(1e-6));
            assertThat(rate.at(100, steps, epochs)).isCloseTo(10, within(1e-6));
        }
    }

    @Test
    void theSteepestFallIsSuggested() {
        double[] losses = {2.0, 2.0, 1.9, 1.5, 0.9, 0.7, 0.6, 0.9, 3.0};
        List<RateFinder.Point> points = IntStream.range(0, losses.length)
                .mapToObj(i -> new RateFinder.Point(Math.pow(10, i - 6), losses[i], losses[i]))
                .toList();
        assertThat(RateFinder.suggest(points)).hasValue(1e-3);
        assertThat(RateFinder.suggest(points.subList(6, 9))).isEmpty();
    }
}
