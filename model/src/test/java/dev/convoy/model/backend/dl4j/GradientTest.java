package dev.convoy.model.backend.dl4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.convoy.data.ImageBatch;
import dev.convoy.data.ImageShape;
import dev.convoy.data.Normalization;
import dev.convoy.model.Loss;
import dev.convoy.model.ModelState;
import dev.convoy.model.Network;
import dev.convoy.model.NetworkSpec;
import dev.convoy.model.TestBatches;
import dev.convoy.model.backend.Placement;
import dev.convoy.model.backend.Replica;
import dev.convoy.model.backend.StepKey;
import dev.convoy.model.layer.Initializer;
import dev.convoy.model.layer.LayerSpec;
import dev.convoy.model.layer.Padding;
import dev.convoy.model.layer.Size2d;
import dev.convoy.model.zoo.NamedNetwork;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.linalg.api.buffer.DataType;

/** Gradients against finite differences in double precision, and single precision against double. */
class GradientTest {
    private static final ImageShape INPUT = new ImageShape(2, 7, 6);
    private static final Normalization NORMALIZATION =
            new Normalization(new float[] {0.5f, 0.4f}, new float[] {0.3f, 0.2f});
    private static final StepKey STEP = new StepKey(7, 3, 1);
    private static final double STEP_SIZE = 0x1p-11;

    static Stream<Arguments> layers() {
        Size2d two = Size2d.square(2);
        Size2d three = Size2d.square(3);
        return Stream.of(
                        new LayerSpec.Conv2d(3, three),
                        new LayerSpec.Conv2d(3, three).withStride(two).withPadding(Padding.SAME),
                        new LayerSpec.Conv2d(3, new Size2d(2, 3))
                                .withStride(new Size2d(2, 1))
                                .withPadding(new Padding.Explicit(1))
                                .withoutBias(),
                        new LayerSpec.MaxPool(two),
                        new LayerSpec.MaxPool(three).withStride(two).withPadding(Padding.SAME),
                        new LayerSpec.AveragePool(two),
                        new LayerSpec.AveragePool(three).withStride(two).withPadding(Padding.SAME),
                        new LayerSpec.AveragePool(three).withStride(two).withPadding(new Padding.Explicit(1)),
                        new LayerSpec.BatchNorm(),
                        new LayerSpec.Dropout(0.4),
                        new LayerSpec.Sigmoid(),
                        new LayerSpec.Tanh(),
                        new LayerSpec.Relu(),
                        new LayerSpec.LeakyRelu(0.2),
                        new LayerSpec.Flatten())
                .map(Arguments::of);
    }

    @ParameterizedTest
    @MethodSource("layers")
    void layerOverAVolume(LayerSpec layer) {
        check(overAVolume(layer));
    }

    private static NetworkSpec overAVolume(LayerSpec layer) {
        LayerSpec before = new LayerSpec.Conv2d(2, Size2d.square(1));
        return new NetworkSpec(List.of(before, layer, new LayerSpec.Flatten(), new LayerSpec.Dense(4)))
                .withInitializer(new Initializer.Xavier());
    }

    static Stream<Arguments> vectorLayers() {
        return Stream.of(
                        new LayerSpec.Dense(5),
                        new LayerSpec.Dense(5).withoutBias(),
                        new LayerSpec.BatchNorm(0.2, 1e-3),
                        new LayerSpec.Dropout(0.5),
                        new LayerSpec.Softmax())
                .map(Arguments::of);
    }

    @ParameterizedTest
    @MethodSource("vectorLayers")
    void layerOverAVector(LayerSpec layer) {
        check(overAVector(layer));
    }

    private static NetworkSpec overAVector(LayerSpec layer) {
        return new NetworkSpec(List.of(new LayerSpec.Flatten(), new LayerSpec.Dense(6), layer, new LayerSpec.Dense(4)))
                .withInitializer(new Initializer.Xavier());
    }

    @ParameterizedTest
    @EnumSource(Loss.class)
    void loss(Loss loss) {
        NetworkSpec spec = new NetworkSpec(List.of(new LayerSpec.Flatten(), new LayerSpec.Dense(4)))
                .withLoss(loss)
                .withInitializer(new Initializer.Xavier());
        check(spec, TestBatches.dense(INPUT, 5, 4));
        check(spec, TestBatches.weighted(INPUT, 5));
        check(spec);
    }

    @Test
    void squaredErrorAfterSoftmax() {
        check(new NetworkSpec(List.of(new LayerSpec.Flatten(), new LayerSpec.Dense(4), new LayerSpec.Softmax()))
                .withLoss(Loss.SQUARED_ERROR)
                .withInitializer(new Initializer.Xavier()));
    }

    /** The production path: single precision, oneDNN where the CPU has it. */
    @Test
    void singlePrecisionAgreesWithDouble() {
        NetworkSpec spec = new NetworkSpec(List.of(
                new LayerSpec.Conv2d(8, Size2d.square(3)).withPadding(Padding.SAME),
                new LayerSpec.BatchNorm(),
                new LayerSpec.Relu(),
                new LayerSpec.MaxPool(Size2d.square(2)),
                new LayerSpec.Conv2d(8, Size2d.square(3))
                        .withStride(Size2d.square(2))
                        .withPadding(Padding.SAME),
                new LayerSpec.LeakyRelu(0.1),
                new LayerSpec.AveragePool(Size2d.square(2)).withPadding(Padding.SAME),
                new LayerSpec.Flatten(),
                new LayerSpec.Dense(10)));
        assertPrecisionsAgree(spec, new ImageShape(2, 28, 28));
        assertPrecisionsAgree(NamedNetwork.LENET.spec(10), new ImageShape(2, 28, 28));
    }

    @ParameterizedTest
    @MethodSource("layers")
    void singlePrecisionAgreesWithDoubleOverAVolume(LayerSpec layer) {
        assertPrecisionsAgree(overAVolume(layer), INPUT);
    }

    @ParameterizedTest
    @MethodSource("vectorLayers")
    void singlePrecisionAgreesWithDoubleOverAVector(LayerSpec layer) {
        assertPrecisionsAgree(overAVector(layer), INPUT);
    }

    private static void assertPrecisionsAgree(NetworkSpec spec, ImageShape input) {
        Network network = spec.bind(input);
        ImageBatch batch = TestBatches.classes(input, 16, network.outputs());
        try (Replica single = replica(network, DataType.FLOAT);
                Replica twice = replica(network, DataType.DOUBLE)) {
            double loss = single.train(batch, STEP);
            assertThat(loss).isCloseTo(twice.train(batch, STEP), within(1e-5 * loss));
            assertClose(single.gradient().toArray(), twice.gradient().toArray(), 1e-5);
            assertClose(single.buffers().toArray(), twice.buffers().toArray(), 1e-5);
        }
    }

    private static void check(NetworkSpec spec) {
        check(spec, TestBatches.classes(INPUT, 5, 4));
    }

    private static void check(NetworkSpec spec, ImageBatch batch) {
        Network network = spec.bind(INPUT);
        try (Replica replica = replica(network, DataType.DOUBLE)) {
            replica.train(batch, STEP);
            float[] computed = replica.gradient().toArray();
            float[] parameters = replica.parameters().toArray();
            List<Integer> sample = new ArrayList<>();
            for (int i = 0; i < parameters.length; i += Math.max(1, parameters.length / 30)) {
                sample.add(i);
            }
            float[] expected = new float[sample.size()];
            float[] found = new float[sample.size()];
            for (int s = 0; s < sample.size(); s++) {
                int i = sample.get(s);
                expected[s] = (float) (difference(replica, batch, parameters, i) / batch.size());
                found[s] = computed[i];
            }
            assertClose(found, expected, 2e-5);
        }
    }

    /** Richardson's extrapolation of central differences: the error is of the fourth order. */
    private static double difference(Replica replica, ImageBatch batch, float[] parameters, int i) {
        double wide = central(replica, batch, parameters, i, STEP_SIZE);
        double narrow = central(replica, batch, parameters, i, STEP_SIZE / 2);
        return (4 * narrow - wide) / 3;
    }

    private static double central(Replica replica, ImageBatch batch, float[] parameters, int i, double h) {
        float up = (float) (parameters[i] + h);
        float down = (float) (parameters[i] - h);
        return (lossAt(replica, batch, parameters, i, up) - lossAt(replica, batch, parameters, i, down))
                / ((double) up - down);
    }

    private static double lossAt(Replica replica, ImageBatch batch, float[] parameters, int i, float value) {
        float[] moved = parameters.clone();
        moved[i] = value;
        replica.parameters().set(moved);
        return replica.train(batch, STEP);
    }

    private static Replica replica(Network network, DataType precision) {
        Normalization normalization = NORMALIZATION;
        Replica replica = new Dl4jBackend().newReplica(network, normalization, Placement.CPU, precision);
        ModelState start = network.initialState(11);
        replica.parameters().set(start.parameters());
        replica.buffers().set(start.buffers());
        return replica;
    }

    private static void assertClose(float[] found, float[] expected, double tolerance) {
        double scale = 1e-3;
        double worst = 0;
        for (int i = 0; i < expected.length; i++) {
            scale = Math.max(scale, Math.abs(expected[i]));
            worst = Math.max(worst, Math.abs(found[i] - expected[i]));
        }
        assertThat(worst / scale)
                .as("largest difference over largest magnitude")
                .isLessThan(tolerance);
    }
}
