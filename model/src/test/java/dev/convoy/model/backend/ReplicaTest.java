package dev.convoy.model.backend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.convoy.data.ImageBatch;
import dev.convoy.data.ImageShape;
import dev.convoy.data.Normalization;
import dev.convoy.model.Loss;
import dev.convoy.model.ModelState;
import dev.convoy.model.Network;
import dev.convoy.model.NetworkSpec;
import dev.convoy.model.TestBatches;
import dev.convoy.model.layer.LayerSpec;
import dev.convoy.model.layer.Padding;
import dev.convoy.model.layer.Size2d;
import dev.convoy.model.optimizer.OptimizerSpec;
import dev.convoy.model.zoo.NamedNetwork;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ReplicaTest {
    private static final StepKey STEP = new StepKey(1, 0, 0);

    /** A dense layer over a 7x7x512 volume is a 7x7 convolution with as many filters. */
    @ParameterizedTest
    @ValueSource(strings = {"dl4j", "torch"})
    void aDenseLayerIsAConvolutionOverTheWholeVolume(String backend) {
        ImageShape volume = new ImageShape(512, 7, 7);
        Network dense = new NetworkSpec(List.of(new LayerSpec.Flatten(), new LayerSpec.Dense(1024)))
                .withLoss(Loss.SQUARED_ERROR)
                .bind(volume);
        Network convolution = new NetworkSpec(
                        List.of(new LayerSpec.Conv2d(1024, Size2d.square(7)), new LayerSpec.Flatten()))
                .withLoss(Loss.SQUARED_ERROR)
                .bind(volume);
        ImageBatch batch = TestBatches.classes(volume, 3, 3);
        double[] expected = outputs(backend, dense, batch);
        assertThat(expected).hasSize(3 * 1024);
        double scale = Arrays.stream(expected).map(Math::abs).max().getAsDouble();
        assertThat(outputs(backend, convolution, batch)).containsExactly(expected, within(1e-5 * scale));
    }

    private static double[] outputs(String backend, Network network, ImageBatch batch) {
        try (Replica replica = replica(backend, network)) {
            return replica.outputs(batch);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"dl4j", "torch"})
    void averagePoolingLeavesPaddingOutAndSamePadsAtBottomAndRight(String backend) {
        NetworkSpec average = pool(new LayerSpec.AveragePool(Size2d.square(2)).withPadding(Padding.SAME));
        NetworkSpec max = pool(new LayerSpec.MaxPool(Size2d.square(2)).withPadding(Padding.SAME));
        ImageShape shape = new ImageShape(1, 3, 3);
        ImageBatch batch = new ImageBatch(
                shape,
                new long[] {0},
                new byte[] {1, 2, 3, 4, 5, 6, 7, 8, 9},
                TestBatches.classes(shape, 1, 4).targets());
        try (Replica replica = bytes(backend, average.bind(shape))) {
            assertThat(replica.outputs(batch)).containsExactly(new double[] {3, 4.5, 7.5, 9}, within(1e-4));
        }
        try (Replica replica = bytes(backend, max.bind(shape))) {
            assertThat(replica.outputs(batch)).containsExactly(new double[] {5, 6, 8, 9}, within(1e-4));
        }
    }

    /** Bit by bit the same, with blocks, running statistics and frozen layers. */
    @ParameterizedTest
    @CsvSource({"LENET, '', 1", "RESNET18, '', 8", "RESNET18, 'conv1 bn1 block1', 6"})
    void theGradientIsFinalWhereItIsToldToBe(NamedNetwork named, String frozen, int stops) {
        ImageShape shape = new ImageShape(3, 28, 28);
        NetworkSpec spec = named.spec(10);
        List<String> freeze = frozen.isEmpty() ? List.of() : List.of(frozen.split(" "));
        Network network = new NetworkSpec(spec.layers())
                .withLoss(spec.loss())
                .withInitializer(spec.initializer())
                .withLabelSmoothing(spec.labelSmoothing())
                .withFreeze(freeze)
                .bind(shape);
        ImageBatch batch = TestBatches.classes(shape, 4, 5);
        try (Replica whole = replica("torch", network);
                Replica parts = replica("torch", network)) {
            double loss = whole.train(batch, STEP);
            float[] expected = whole.gradient().toArray();
            List<Integer> told = new ArrayList<>();
            int[] end = {expected.length};
            double found = parts.train(batch, STEP, from -> {
                float[] part = new float[end[0] - from];
                parts.gradient().get(from, part.length, FloatBuffer.wrap(part));
                assertThat(part).isEqualTo(Arrays.copyOfRange(expected, from, end[0]));
                told.add(from);
                end[0] = from;
            });
            assertThat(found).isEqualTo(loss);
            assertThat(parts.gradient().toArray()).isEqualTo(expected);
            assertThat(parts.buffers().toArray()).isEqualTo(whole.buffers().toArray());
            assertThat(told).hasSize(stops).isSortedAccordingTo(Comparator.reverseOrder());
        }
    }

    /** All inputs are negative, so that padding with zeros would win. */
    @ParameterizedTest
    @ValueSource(strings = {"dl4j", "torch"})
    void paddingNeverWinsInMaxPooling(String backend) {
        ImageShape shape = new ImageShape(1, 3, 3);
        ImageBatch batch = new ImageBatch(
                shape,
                new long[] {0},
                new byte[] {1, 2, 3, 4, 5, 6, 7, 8, 9},
                TestBatches.classes(shape, 1, 4).targets());
        Normalization minus10 = new Normalization(new float[] {10 / 255f}, new float[] {1 / 255f});
        NetworkSpec same = pool(new LayerSpec.MaxPool(Size2d.square(2)).withPadding(Padding.SAME));
        NetworkSpec explicit = pool(new LayerSpec.MaxPool(Size2d.square(2)).withPadding(new Padding.Explicit(1)));
        try (Replica replica = ComputeBackend.named(backend).newReplica(same.bind(shape), minus10)) {
            assertThat(replica.outputs(batch)).containsExactly(new double[] {-5, -4, -2, -1}, within(1e-4));
        }
        try (Replica replica = ComputeBackend.named(backend).newReplica(explicit.bind(shape), minus10)) {
            assertThat(replica.outputs(batch)).containsExactly(new double[] {-9, -7, -3, -1}, within(1e-4));
        }
    }

    private static NetworkSpec pool(LayerSpec pool) {
        return new NetworkSpec(List.of(pool, new LayerSpec.Flatten())).withLoss(Loss.SQUARED_ERROR);
    }

    /** A replica that sees bytes as they are. */
    private static Replica bytes(String backend, Network network) {
        return ComputeBackend.named(backend)
                .newReplica(network, new Normalization(new float[] {0}, new float[] {1 / 255f}));
    }

    @ParameterizedTest
    @ValueSource(strings = {"dl4j", "torch"})
    void runningStatisticsMoveTowardsMeanAndUnbiasedVariance(String backend) {
        ImageShape shape = new ImageShape(1, 1, 3);
        Network network = new NetworkSpec(
                        List.of(new LayerSpec.BatchNorm().withMomentum(0.25), new LayerSpec.Flatten()))
                .withLoss(Loss.SQUARED_ERROR)
                .bind(shape);
        ImageBatch batch = new ImageBatch(
                shape,
                new long[] {0, 1},
                new byte[] {1, 2, 3, 4, 5, 9},
                TestBatches.classes(shape, 2, 3).targets());
        try (Replica replica = bytes(backend, network)) {
            replica.parameters().set(new float[] {1, 0});
            replica.buffers().set(new float[] {2, 3});
            replica.train(batch, STEP);
            float[] moved = replica.buffers().toArray();
            // mean 4; squares of the distances 9 + 4 + 1 + 0 + 1 + 25 = 40, over 5
            assertThat(moved).containsExactly(new float[] {2.5f, 3 * 0.75f + 8 * 0.25f}, within(1e-4f));
            // Evaluation uses them: (1 - mean) / sqrt(variance + eps)
            assertThat(replica.outputs(batch)[0]).isCloseTo((1 - moved[0]) / Math.sqrt(moved[1] + 1e-5), within(1e-4));
            assertThat(replica.buffers().toArray()).isEqualTo(moved);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"dl4j", "torch"})
    void aSingleValuePerChannelLeavesRunningStatisticsAsTheyWere(String backend) {
        ImageShape shape = new ImageShape(1, 1, 3);
        Network network = new NetworkSpec(List.of(new LayerSpec.Flatten(), new LayerSpec.BatchNorm()))
                .withLoss(Loss.SQUARED_ERROR)
                .bind(shape);
        try (Replica replica = bytes(backend, network)) {
            replica.parameters().set(new float[] {1, 1, 1, 0, 0, 0});
            float[] before = {1, 2, 3, 4, 5, 6};
            replica.buffers().set(before);
            assertThat(replica.train(TestBatches.classes(shape, 1, 3), STEP)).isFinite();
            assertThat(replica.buffers().toArray()).isEqualTo(before);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"dl4j", "torch"})
    void dropoutMasksDependOnTheStepKeyAlone(String backend) {
        ImageShape shape = new ImageShape(1, 10, 10);
        Network network = new NetworkSpec(List.of(
                        new LayerSpec.Flatten(),
                        new LayerSpec.Dropout(0.5),
                        new LayerSpec.Dropout(0.5),
                        new LayerSpec.Dense(4)))
                .bind(shape);
        ImageBatch batch = TestBatches.classes(shape, 8, 4);
        try (Replica one = replica(backend, network);
                Replica two = replica(backend, network)) {
            double loss = one.train(batch, new StepKey(1, 5, 2));
            two.train(batch, new StepKey(1, 6, 2));
            assertThat(two.train(batch, new StepKey(1, 5, 2))).isEqualTo(loss);
            assertThat(two.gradient().toArray()).isEqualTo(one.gradient().toArray());
            assertThat(two.train(batch, new StepKey(1, 6, 2))).isNotEqualTo(loss);
            assertThat(two.train(batch, new StepKey(1, 5, 3))).isNotEqualTo(loss);
            assertThat(two.train(batch, new StepKey(2, 5, 2))).isNotEqualTo(loss);
            // Evaluation drops nothing.
            assertThat(two.outputs(batch)).isEqualTo(one.outputs(batch));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"dl4j", "torch"})
    void trainingIsBitwiseRepeatableAndLearns(String backend) {
        Network lenet = NamedNetwork.LENET.spec(4).bind(new ImageShape(1, 28, 28));
        ImageBatch batch = TestBatches.classes(lenet.input(), 16, 4);
        OptimizerSpec optimizer = new OptimizerSpec.Momentum();
        ModelState start = lenet.initialState(3, optimizer);
        try (Replica replica = replica(backend, lenet)) {
            LocalTrainer trainer = new LocalTrainer(replica, lenet, optimizer);
            double first = Double.NaN;
            double last = Double.NaN;
            float[] weights = null;
            for (int repeat = 0; repeat < 2; repeat++) {
                trainer.load(start);
                first = trainer.step(batch, STEP, 0.02);
                for (int i = 1; i < 15; i++) {
                    last = trainer.step(batch, STEP, 0.02);
                }
                float[] trained = replica.parameters().toArray();
                if (weights != null) {
                    assertThat(trained).isEqualTo(weights);
                }
                weights = trained;
            }
            assertThat(last).isLessThan(first / 2);
            assertThat(trainer.optimizerState().steps()).isEqualTo(15);
        }
    }

    @Test
    void anUnknownBackendIsRefused() {
        assertThatThrownBy(() -> ComputeBackend.named("tensorflow"))
                .hasMessageContaining("the backend tensorflow")
                .hasMessageContaining("[dl4j, torch]");
    }

    private static Replica replica(String backend, Network network) {
        int channels = network.input().channels();
        float[] mean = new float[channels];
        float[] std = new float[channels];
        Arrays.fill(mean, 0.5f);
        Arrays.fill(std, 0.3f);
        Replica replica = ComputeBackend.named(backend).newReplica(network, new Normalization(mean, std));
        replica.parameters()
                .set(network.initialState(1, new OptimizerSpec.Sgd()).parameters());
        replica.buffers().set(network.initialState(1, new OptimizerSpec.Sgd()).buffers());
        return replica;
    }
}
