package dev.convoy.train.rounds;

import static org.assertj.core.api.Assertions.assertThat;

import dev.convoy.data.ImageShape;
import dev.convoy.model.HeapVector;
import dev.convoy.model.Network;
import dev.convoy.model.NetworkSpec;
import dev.convoy.model.Vector;
import dev.convoy.model.layer.LayerSpec;
import dev.convoy.model.optimizer.LearningRate;
import dev.convoy.model.optimizer.OptimizerSpec;
import dev.convoy.train.RoundReport;
import dev.convoy.train.TrainingSpec;
import dev.convoy.train.TrainingState;
import dev.convoy.train.sync.Exchange;
import dev.convoy.train.sync.Mean;
import dev.convoy.train.sync.OuterOptimizer;
import dev.convoy.train.sync.ParameterAveraging;
import dev.convoy.train.sync.SumLayout;
import dev.convoy.train.sync.SyncSpec;
import dev.convoy.train.sync.TrainedVectors;
import dev.convoy.train.transport.Payload;
import java.nio.FloatBuffer;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class MeanOnDriverTest {
    private static final OptimizerSpec ADAM = new OptimizerSpec.AdamW();
    private static final double RATE = 0.1;
    private static final int STEPS = 2;

    /** Two parts and a piece of one, which ends within a tile, and running statistics. */
    private static final Network NETWORK = new NetworkSpec(List.of(
                    new LayerSpec.Flatten(),
                    new LayerSpec.Dense(1400),
                    new LayerSpec.BatchNorm(),
                    new LayerSpec.Dense(10)))
            .bind(new ImageShape(1, 28, 28));

    private static Stream<SyncSpec> rules() {
        return Stream.of(
                SyncSpec.gradient(),
                SyncSpec.averaging(STEPS),
                SyncSpec.of(ParameterAveraging.every(STEPS).withOuter(new OuterOptimizer.Momentum(0.5, 1))));
    }

    private static Contribution sum(SumLayout layout, int seed) {
        Random random = new Random(seed);
        float[] values = new float[layout.length()];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return new Contribution(
                8, new Payload.Whole(values), 0, 0, new RoundReport.Counts(8, 8, 0, 0, 0, 0), List.of(), List.of());
    }

    @ParameterizedTest
    @MethodSource("rules")
    void partsComeToTheBitsOfTheWhole(SyncSpec sync) {
        TrainingSpec spec = new TrainingSpec(1, 1, 4, ADAM, new LearningRate(RATE), sync);
        Exchange exchange = sync.exchange();
        SumLayout layout = exchange.layout(NETWORK.layout(), ADAM.slotCount());
        MeanOnDriver driver = new MeanOnDriver(spec, layout, NETWORK.layout().decayMask());
        TrainingState start = TrainingState.start(NETWORK.initialState(1), ADAM);
        int length = start.parameters().length;
        TrainedVectors whole = new TrainedVectors(
                ADAM,
                HeapVector.over(start.parameters().clone()),
                HeapVector.over(start.buffers()),
                new HeapVector(start.buffers().length),
                start.optimizer().slots().stream()
                        .<Vector>map(slot -> HeapVector.over(slot.clone()))
                        .toList(),
                HeapVector.over(NETWORK.layout().decayMask()),
                new HeapVector(exchange.hasVelocity() ? length : 0),
                new HeapVector(Vector.TILE));

        Contribution sum = sum(layout, 1);
        MeanOnDriver.Update update = driver.apply(start, sum, RATE, STEPS);
        long steps = exchange.optimizerStepsAfter(0, STEPS);
        Mean mean = new Mean(FloatBuffer.wrap(sum.vector().values())::slice, layout, sum.weight());
        double norm = whole.move(exchange, mean, RATE, steps, true);

        assertThat(update.model().parameters()).isEqualTo(whole.parameters().toArray());
        assertThat(update.model().buffers()).isEqualTo(whole.buffers().toArray());
        assertThat(update.velocity()).isEqualTo(whole.velocity().toArray());
        assertThat(update.optimizer().steps()).isEqualTo(steps);
        for (int slot = 0; slot < ADAM.slotCount(); slot++) {
            assertThat(update.optimizer().slots().get(slot))
                    .isEqualTo(whole.slots().get(slot).toArray());
        }
        assertThat(update.norm()).isEqualTo(norm);
        assertThat(start.parameters()).isEqualTo(NETWORK.initialState(1).parameters());
    }
}
