package dev.convoy.model.backend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.convoy.data.ConvoyException;
import dev.convoy.data.ImageBatch;
import dev.convoy.data.ImageShape;
import dev.convoy.data.Normalization;
import dev.convoy.model.HeapVector;
import dev.convoy.model.Loss;
import dev.convoy.model.ModelState;
import dev.convoy.model.Network;
import dev.convoy.model.NetworkSpec;
import dev.convoy.model.ParameterLayout;
import dev.convoy.model.TestBatches;
import dev.convoy.model.Vector;
import dev.convoy.model.layer.LayerSpec;
import dev.convoy.model.layer.Padding;
import dev.convoy.model.layer.Size2d;
import dev.convoy.model.optimizer.OptimizerSpec;
import dev.convoy.model.optimizer.OptimizerState;
import dev.convoy.model.zoo.NamedNetwork;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.DoubleSupplier;
import java.util.function.IntConsumer;
import java.util.function.IntFunction;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What every backend does. A backend's own test class names it, and has tests of what the backend does beyond. */
abstract class ComputeBackendContract {
    static final StepKey STEP = new StepKey(1, 0, 0);

    private final ComputeBackend backend;

    ComputeBackendContract(String name) {
        this.backend = ComputeBackend.named(name);
    }

    @Test
    void itIsFoundByItsName() {
        assertThat(ComputeBackend.named(backend.name())).hasSameClassAs(backend);
    }

    static Stream<LayerSpec> layers() {
        LayerSpec grouped = new LayerSpec.Conv2d(6, Size2d.square(3)).withGroups(3);
        return Stream.concat(ParityTest.layers(), Stream.of(grouped));
    }

    /** What a backend lacks is refused where nothing has been sent to executors yet. */
    @ParameterizedTest
    @MethodSource("layers")
    void aLayerIsTrainedOrRefusedBeforehand(LayerSpec layer) {
        Network network = new NetworkSpec(List.of(
                        new LayerSpec.Conv2d(3, Size2d.square(2)),
                        layer,
                        new LayerSpec.Flatten(),
                        new LayerSpec.Dense(4)))
                .bind(new ImageShape(2, 9, 8));
        if (isSupported(network)) {
            try (Replica replica = replica(network)) {
                assertThat(replica.train(TestBatches.classes(network.input(), 3, 4), STEP))
                        .isFinite();
            }
        }
    }

    private boolean isSupported(Network network) {
        try {
            backend.checkSupport(network, Placement.CPU);
            return true;
        } catch (ConvoyException e) {
            assertThatThrownBy(() ->
                            backend.newReplica(network, new Normalization(new float[] {0, 0}, new float[] {1, 1})))
                    .hasMessage(e.getMessage());
            return false;
        }
    }

    /** Vectors are where the backend wants them, and compute as on the heap. */
    @Test
    void vectorsComputeAsOnTheHeap() {
        Network network = new NetworkSpec(List.of(new LayerSpec.Flatten())).bind(new ImageShape(1, 1, 3));
        try (Replica replica = replica(network)) {
            assertThat(replica.newVector(3).toArray()).containsExactly(0, 0, 0);
            float[] expected = computed(HeapVector::new);
            assertThat(computed(replica::newVector)).containsExactly(expected, within(1e-6f));
        }
    }

    private static float[] computed(IntFunction<Vector> vectors) {
        Vector x = vectors.apply(3).set(new float[] {1, -2, 3});
        Vector y = vectors.apply(3).set(2, FloatBuffer.wrap(new float[] {0.5f, 2, 8}));
        Vector z = vectors.apply(3)
                .set(x)
                .scale(0.5f)
                .add(-3, y)
                .addProduct(2, x, y)
                .addOverRoot(4, x, 9, y, 0.1f);
        float[] copy = new float[4];
        z.get(1, 2, FloatBuffer.wrap(copy));
        copy[2] = (float) z.norm();
        copy[3] = z.toArray()[0];
        return copy;
    }

    /** A dense layer over a 7x7x512 volume is a 7x7 convolution with as many filters. */
    @Test
    void aDenseLayerIsAConvolutionOverTheWholeVolume() {
        ImageShape volume = new ImageShape(512, 7, 7);
        Network dense = new NetworkSpec(List.of(new LayerSpec.Flatten(), new LayerSpec.Dense(1024)))
                .withLoss(Loss.SQUARED_ERROR)
                .bind(volume);
        Network convolution = new NetworkSpec(
                        List.of(new LayerSpec.Conv2d(1024, Size2d.square(7)), new LayerSpec.Flatten()))
                .withLoss(Loss.SQUARED_ERROR)
                .bind(volume);
        ImageBatch batch = TestBatches.classes(volume, 3, 3);
        double[] expected = outputs(dense, batch);
        assertThat(expected).hasSize(3 * 1024);
        double scale = Arrays.stream(expected).map(Math::abs).max().getAsDouble();
        assertThat(outputs(convolution, batch)).containsExactly(expected, within(1e-5 * scale));
    }

    private double[] outputs(Network network, ImageBatch batch) {
        try (Replica replica = replica(network)) {
            return replica.outputs(batch);
        }
    }

    @Test
    void averagePoolingLeavesPaddingOutAndSamePadsAtBottomAndRight() {
        NetworkSpec average = pool(new LayerSpec.AveragePool(Size2d.square(2)).withPadding(Padding.SAME));
        NetworkSpec max = pool(new LayerSpec.MaxPool(Size2d.square(2)).withPadding(Padding.SAME));
        ImageShape shape = new ImageShape(1, 3, 3);
        ImageBatch batch = new ImageBatch(
                shape,
                new long[] {0},
                new byte[] {1, 2, 3, 4, 5, 6, 7, 8, 9},
                TestBatches.classes(shape, 1, 4).targets());
        try (Replica replica = bytes(average.bind(shape))) {
            assertThat(replica.outputs(batch)).containsExactly(new double[] {3, 4.5, 7.5, 9}, within(1e-4));
        }
        try (Replica replica = bytes(max.bind(shape))) {
            assertThat(replica.outputs(batch)).containsExactly(new double[] {5, 6, 8, 9}, within(1e-4));
        }
    }

    @Test
    void theGradientComesInPartsIfItSaysSo() {
        Network lenet = NamedNetwork.LENET.spec(4).bind(new ImageShape(3, 28, 28));
        try (Replica replica = replica(lenet)) {
            assertThat(partsOf(lenet).isEmpty()).isEqualTo(!replica.hasGradientInParts());
        }
    }

    @Test
    void theGradientComesToWhereItIsWanted() {
        Network lenet = NamedNetwork.LENET.spec(4).bind(new ImageShape(3, 28, 28));
        ImageBatch batch = TestBatches.classes(lenet.input(), 4, 4);
        try (Replica usual = replica(lenet);
                Replica placed = replica(lenet)) {
            usual.train(batch, STEP);
            float[] expected = usual.gradient().toArray();
            int before = 3;
            FloatBuffer memory = ByteBuffer.allocateDirect((before + expected.length) * Float.BYTES)
                    .order(ByteOrder.nativeOrder())
                    .asFloatBuffer()
                    .put(new float[] {1, 2, 3});
            if (!placed.takesMemory()) {
                assertThatThrownBy(() -> placed.placeGradient(Optional.of(memory)))
                        .isInstanceOf(UnsupportedOperationException.class);
                return;
            }
            placed.placeGradient(Optional.of(memory));
            placed.train(batch, STEP);
            float[] found = new float[expected.length];
            memory.get(before, found);
            assertThat(found).isEqualTo(expected);
            assertThat(placed.gradient().toArray()).isEqualTo(expected);
            placed.placeGradient(Optional.empty());
            memory.put(before, new float[expected.length]);
            placed.parameters().set(usual.parameters().toArray());
            placed.buffers().set(new float[placed.buffers().length()]);
            placed.train(batch, STEP);
            assertThat(placed.gradient().toArray()).as("taken back").isEqualTo(expected);
            memory.get(before, found);
            assertThat(found).as("left alone").containsOnly(0);
        }
    }

    @Test
    void parametersMayLieWhereOthersSeeThem() {
        Network lenet = NamedNetwork.LENET.spec(4).bind(new ImageShape(3, 28, 28));
        ImageBatch batch = TestBatches.classes(lenet.input(), 4, 4);
        try (Replica usual = replica(lenet);
                Replica one = replica(lenet);
                Replica other = replica(lenet)) {
            float[] begin = usual.parameters().toArray();
            FloatBuffer memory = ByteBuffer.allocateDirect(begin.length * Float.BYTES)
                    .order(ByteOrder.nativeOrder())
                    .asFloatBuffer()
                    .put(0, begin);
            if (!one.takesMemory()) {
                assertThatThrownBy(() -> one.placeParameters(Optional.of(memory)))
                        .isInstanceOf(UnsupportedOperationException.class);
                return;
            }
            one.placeParameters(Optional.of(memory));
            other.placeParameters(Optional.of(memory));
            for (int step = 0; step < 2; step++) {
                usual.train(batch, STEP);
                one.train(batch, STEP);
                usual.parameters().add(-0.1f, usual.gradient());
                one.vectorOver(memory).add(-0.1f, one.gradient());
            }
            assertThat(one.gradient().toArray()).isEqualTo(usual.gradient().toArray());
            other.buffers().set(usual.buffers().toArray());
            assertThat(other.outputs(batch)).isEqualTo(usual.outputs(batch));
            one.placeParameters(Optional.empty());
            one.parameters().set(begin);
            assertThat(other.parameters().toArray())
                    .as("left alone")
                    .isEqualTo(usual.parameters().toArray());
        }
    }

    /** Trains a batch in parts, which changes no bit, and gives the offsets from which on the gradient was told to be final. */
    List<Integer> partsOf(Network network) {
        ImageBatch batch = TestBatches.classes(network.input(), 4, 4);
        try (Replica whole = replica(network);
                Replica parts = replica(network)) {
            double loss = whole.train(batch, STEP);
            float[] expected = whole.gradient().toArray();
            List<Integer> told = new ArrayList<>();
            int[] end = {expected.length};
            IntConsumer listener = from -> {
                float[] part = new float[end[0] - from];
                parts.gradient().get(from, part.length, FloatBuffer.wrap(part));
                assertThat(part).isEqualTo(Arrays.copyOfRange(expected, from, end[0]));
                told.add(from);
                end[0] = from;
            };
            DoubleSupplier found = parts.propagate(batch, STEP, Optional.of(listener));
            assertThat(found.getAsDouble()).isEqualTo(loss);
            assertThat(parts.gradient().toArray()).isEqualTo(expected);
            assertThat(parts.buffers().toArray()).isEqualTo(whole.buffers().toArray());
            assertThat(told).isSortedAccordingTo(Comparator.reverseOrder()).doesNotHaveDuplicates();
            return told;
        }
    }

    @Test
    void whatIsFrozenStaysAsItIs() {
        Network network = ParityTest.FROZEN.bind(new ImageShape(2, 9, 8));
        OptimizerSpec optimizer = new OptimizerSpec.AdamW().withWeightDecay(0.1);
        ModelState start = network.initialState(11);
        try (Replica replica = replica(network)) {
            LocalTrainer trainer = new LocalTrainer(replica, network, optimizer);
            trainer.load(start, OptimizerState.NONE);
            trainer.step(TestBatches.classes(network.input(), 6, 4), STEP, 0.1);
            for (ParameterLayout.Entry entry : network.layout().entries()) {
                float[] before = entry.isBuffer() ? start.buffers() : start.parameters();
                float[] after = (entry.isBuffer() ? replica.buffers() : replica.parameters()).toArray();
                int end = entry.offset() + entry.size();
                assertThat(Arrays.equals(after, entry.offset(), end, before, entry.offset(), end))
                        .as(entry.name())
                        .isEqualTo(entry.name().matches("(conv1|bn2|bn3)\\..*"));
            }
        }
    }

    /** All inputs are negative, so that padding with zeros would win. */
    @Test
    void paddingNeverWinsInMaxPooling() {
        ImageShape shape = new ImageShape(1, 3, 3);
        ImageBatch batch = new ImageBatch(
                shape,
                new long[] {0},
                new byte[] {1, 2, 3, 4, 5, 6, 7, 8, 9},
                TestBatches.classes(shape, 1, 4).targets());
        Normalization minus10 = new Normalization(new float[] {10 / 255f}, new float[] {1 / 255f});
        NetworkSpec same = pool(new LayerSpec.MaxPool(Size2d.square(2)).withPadding(Padding.SAME));
        NetworkSpec explicit = pool(new LayerSpec.MaxPool(Size2d.square(2)).withPadding(new Padding.Explicit(1)));
        try (Replica replica = backend.newReplica(same.bind(shape), minus10)) {
            assertThat(replica.outputs(batch)).containsExactly(new double[] {-5, -4, -2, -1}, within(1e-4));
        }
        try (Replica replica = backend.newReplica(explicit.bind(shape), minus10)) {
            assertThat(replica.outputs(batch)).containsExactly(new double[] {-9, -7, -3, -1}, within(1e-4));
        }
    }

    private static NetworkSpec pool(LayerSpec pool) {
        return new NetworkSpec(List.of(pool, new LayerSpec.Flatten())).withLoss(Loss.SQUARED_ERROR);
    }

    /** A replica that sees bytes as they are. */
    private Replica bytes(Network network) {
        return backend.newReplica(network, new Normalization(new float[] {0}, new float[] {1 / 255f}));
    }

    @Test
    void runningStatisticsMoveTowardsMeanAndUnbiasedVariance() {
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
        try (Replica replica = bytes(network)) {
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

    @Test
    void aSingleValuePerChannelLeavesRunningStatisticsAsTheyWere() {
        ImageShape shape = new ImageShape(1, 1, 3);
        Network network = new NetworkSpec(List.of(new LayerSpec.Flatten(), new LayerSpec.BatchNorm()))
                .withLoss(Loss.SQUARED_ERROR)
                .bind(shape);
        try (Replica replica = bytes(network)) {
            replica.parameters().set(new float[] {1, 1, 1, 0, 0, 0});
            float[] before = {1, 2, 3, 4, 5, 6};
            replica.buffers().set(before);
            assertThat(replica.train(TestBatches.classes(shape, 1, 3), STEP)).isFinite();
            assertThat(replica.buffers().toArray()).isEqualTo(before);
        }
    }

    @Test
    void dropoutMasksDependOnTheStepKeyAlone() {
        ImageShape shape = new ImageShape(1, 10, 10);
        Network network = new NetworkSpec(List.of(
                        new LayerSpec.Flatten(),
                        new LayerSpec.Dropout(0.5),
                        new LayerSpec.Dropout(0.5),
                        new LayerSpec.Dense(4)))
                .bind(shape);
        ImageBatch batch = TestBatches.classes(shape, 8, 4);
        try (Replica first = replica(network);
                Replica second = replica(network)) {
            double loss = first.train(batch, new StepKey(1, 5, 2));
            second.train(batch, new StepKey(1, 6, 2));
            assertThat(second.train(batch, new StepKey(1, 5, 2))).isEqualTo(loss);
            assertThat(second.gradient().toArray()).isEqualTo(first.gradient().toArray());
            assertThat(second.train(batch, new StepKey(1, 6, 2))).isNotEqualTo(loss);
            assertThat(second.train(batch, new StepKey(1, 5, 3))).isNotEqualTo(loss);
            assertThat(second.train(batch, new StepKey(2, 5, 2))).isNotEqualTo(loss);
            // Evaluation drops nothing.
            assertThat(second.outputs(batch)).isEqualTo(first.outputs(batch));
        }
    }

    @Test
    void trainingIsBitwiseRepeatableAndLearns() {
        Network lenet = NamedNetwork.LENET.spec(4).bind(new ImageShape(1, 28, 28));
        ImageBatch batch = TestBatches.classes(lenet.input(), 16, 4);
        OptimizerSpec optimizer = new OptimizerSpec.Momentum();
        ModelState start = lenet.initialState(3);
        try (Replica replica = replica(lenet)) {
            LocalTrainer trainer = new LocalTrainer(replica, lenet, optimizer);
            double first = Double.NaN;
            double last = Double.NaN;
            float[] weights = null;
            for (int repeat = 0; repeat < 2; repeat++) {
                trainer.load(start, OptimizerState.NONE);
                first = trainer.step(batch, STEP, 0.02).getAsDouble();
                for (int i = 1; i < 15; i++) {
                    last = trainer.step(batch, STEP, 0.02).getAsDouble();
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

    /** A replica with drawn weights. */
    private Replica replica(Network network) {
        int channels = network.input().channels();
        float[] mean = new float[channels];
        float[] std = new float[channels];
        Arrays.fill(mean, 0.5f);
        Arrays.fill(std, 0.3f);
        Replica replica = backend.newReplica(network, new Normalization(mean, std));
        ModelState drawn = network.initialState(1);
        replica.parameters().set(drawn.parameters());
        replica.buffers().set(drawn.buffers());
        return replica;
    }
}
