package dev.convoy.model.backend.torch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.convoy.data.CounterRandom;
import dev.convoy.data.CounterRandom.Purpose;
import dev.convoy.data.ImageBatch;
import dev.convoy.data.ImageShape;
import dev.convoy.data.Normalization;
import dev.convoy.data.natives.Natives;
import dev.convoy.model.Loss;
import dev.convoy.model.Network;
import dev.convoy.model.TestBatches;
import dev.convoy.model.backend.LocalTrainer;
import dev.convoy.model.backend.Placement;
import dev.convoy.model.backend.Replica;
import dev.convoy.model.backend.StepKey;
import dev.convoy.model.optimizer.OptimizerSpec;
import dev.convoy.model.optimizer.OptimizerState;
import dev.convoy.model.zoo.NamedNetwork;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.DoubleSupplier;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What is computed where tensors are, beside the heap's arithmetic. */
class OnDeviceTest {
    @BeforeAll
    static void load() {
        Natives.TORCH.load();
    }

    /** Of outputs so large that a naive exponential would overflow, too. */
    @ParameterizedTest
    @EnumSource(Loss.class)
    void lossesAreTheHeaps(Loss loss) {
        int examples = 7;
        int width = 5;
        Random random = new Random(1);
        float[] outputs = new float[examples * width];
        float[] targets = new float[outputs.length];
        double[] z = new double[outputs.length];
        for (int i = 0; i < outputs.length; i++) {
            outputs[i] = (float) (random.nextGaussian() * (i < width ? 1000 : 3));
            targets[i] = random.nextInt(3) == 0 ? 0 : random.nextFloat();
            z[i] = outputs[i];
        }
        double[] weights = random.doubles(examples, 0, 3).toArray();
        double[] gradient = new double[z.length];
        double sum = loss.sum(z, targets, weights, width, gradient);
        try (PointerScope scope = new PointerScope()) {
            Tensor tensor = HostMemory.tensorOf(outputs).view(examples, width);
            OutputLoss found = OutputLoss.of(loss, tensor, targets, weights);
            assertThat(found.read().getAsDouble()).isCloseTo(sum, within(1e-13 * sum));
            float[] values = HostMemory.read(found.gradient());
            for (int i = 0; i < values.length; i++) {
                assertThat(values[i]).isCloseTo((float) gradient[i], within(Math.ulp(values[i]) + 1e-16f));
            }
        }
    }

    @Test
    void aLossOfNothingFiniteIsNotFinite() {
        for (float bad : new float[] {Float.NaN, Float.POSITIVE_INFINITY}) {
            for (Loss loss : Loss.values()) {
                try (PointerScope scope = new PointerScope()) {
                    Tensor outputs = HostMemory.tensorOf(new float[] {0, bad}).view(1, 2);
                    double sum = OutputLoss.of(loss, outputs, new float[] {1, 0}, new double[] {1})
                            .read()
                            .getAsDouble();
                    assertThat(sum).as(loss + " of " + bad).isNotFinite();
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 4, 1001})
    void dropoutMasksAreTheHeaps(int length) {
        for (double rate : new double[] {0, 0.1, 0.5, 0.999}) {
            CounterRandom random = CounterRandom.of(7, Purpose.DROPOUT, length);
            try (PointerScope scope = new PointerScope()) {
                Tensor mask = DropoutMask.computed(random, length, rate, new Device("cpu"));
                assertThat(HostMemory.read(mask)).isEqualTo(random.dropoutMask(length, rate));
            }
        }
    }

    /** Nobody waits for a device within a round, and at its end once for each loss. */
    @Test
    void stepsReadNothing() {
        Network network = NamedNetwork.LENET.spec(4).bind(new ImageShape(1, 28, 28));
        ImageBatch batch = TestBatches.classes(network.input(), 4, 4);
        Normalization normalization = new Normalization(new float[] {0}, new float[] {1});
        try (Replica replica = new TorchBackend().newReplica(network, normalization, Placement.CPU)) {
            LocalTrainer trainer = new LocalTrainer(replica, network, new OptimizerSpec.Adam());
            trainer.load(network.initialState(1), OptimizerState.NONE);
            long before = TorchBackend.reads();
            List<DoubleSupplier> losses = new ArrayList<>();
            for (int step = 0; step < 4; step++) {
                losses.add(trainer.step(batch, new StepKey(1, step, 0), 0.01));
            }
            assertThat(TorchBackend.reads()).isEqualTo(before);
            assertThat(losses).allSatisfy(loss -> assertThat(loss.getAsDouble()).isFinite());
            assertThat(TorchBackend.reads()).isEqualTo(before + 4);
        }
    }
}
