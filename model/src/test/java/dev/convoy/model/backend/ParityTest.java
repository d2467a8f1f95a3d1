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
import dev.convoy.model.layer.Initializer;
import dev.convoy.model.layer.LayerSpec;
import dev.convoy.model.layer.Padding;
import dev.convoy.model.layer.Size2d;
import dev.convoy.model.optimizer.OptimizerSpec;
import dev.convoy.model.zoo.NamedNetwork;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The two backends prove each other right: same weights and batch, same loss, gradient and running statistics. */
class ParityTest {
    private static final ImageShape INPUT = new ImageShape(2, 9, 8);
    private static final Normalization NORMALIZATION =
            new Normalization(new float[] {0.5f, 0.4f}, new float[] {0.3f, 0.2f});
    private static final StepKey STEP = new StepKey(7, 3, 1);

    static Stream<LayerSpec> layers() {
        Size2d two = Size2d.square(2);
        Size2d three = Size2d.square(3);
        return Stream.of(
                new LayerSpec.Conv2d(3, three),
                new LayerSpec.Conv2d(3, three).withStride(two).withPadding(Padding.SAME),
                new LayerSpec.Conv2d(3, two).withPadding(Padding.SAME).withoutBias(),
                new LayerSpec.Conv2d(3, new Size2d(2, 3))
                        .withStride(new Size2d(2, 1))
                        .withPadding(new Padding.Explicit(1))
                        .withoutBias(),
                new LayerSpec.MaxPool(two),
                new LayerSpec.MaxPool(three).withStride(two).withPadding(Padding.SAME),
                new LayerSpec.MaxPool(three).withStride(two).withPadding(new Padding.Explicit(1)),
                new LayerSpec.AveragePool(two),
                new LayerSpec.AveragePool(three).withStride(two).withPadding(Padding.SAME),
                new LayerSpec.AveragePool(three).withStride(two).withPadding(new Padding.Explicit(1)),
                new LayerSpec.Residual(
                        List.of(new LayerSpec.Conv2d(3, three).withPadding(Padding.SAME), new LayerSpec.Dropout(0.2))),
                new LayerSpec.Residual(List.of(
                                new LayerSpec.Conv2d(5, three)
                                        .withStride(two)
                                        .withPadding(Padding.SAME)
                                        .withoutBias(),
                                new LayerSpec.BatchNorm()))
                        .withShortcut(List.of(new LayerSpec.Conv2d(5, Size2d.square(1))
                                .withStride(two)
                                .withoutBias())),
                new LayerSpec.BatchNorm().withMomentum(0.2),
                new LayerSpec.Dropout(0.4),
                new LayerSpec.Sigmoid(),
                new LayerSpec.Tanh(),
                new LayerSpec.Relu(),
                new LayerSpec.LeakyRelu(0.2));
    }

    @ParameterizedTest
    @MethodSource("layers")
    void layerOverAVolume(LayerSpec layer) {
        assertParity(new NetworkSpec(List.of(
                        new LayerSpec.Conv2d(3, Size2d.square(2)),
                        layer,
                        new LayerSpec.Flatten(),
                        new LayerSpec.Dense(4)))
                .withInitializer(new Initializer.Xavier()));
    }

    static Stream<LayerSpec> vectorLayers() {
        return Stream.of(
                new LayerSpec.Dense(5).withoutBias(),
                new LayerSpec.BatchNorm().withEps(1e-3),
                new LayerSpec.Dropout(0.5),
                new LayerSpec.Softmax());
    }

    @ParameterizedTest
    @MethodSource("vectorLayers")
    void layerOverAVector(LayerSpec layer) {
        assertParity(
                new NetworkSpec(List.of(new LayerSpec.Flatten(), new LayerSpec.Dense(6), layer, new LayerSpec.Dense(4)))
                        .withInitializer(new Initializer.Xavier()));
    }

    @Test
    void globalAveragePoolWithSmoothedLabels() {
        assertParity(new NetworkSpec(List.of(
                        new LayerSpec.Conv2d(6, Size2d.square(3)),
                        new LayerSpec.GlobalAveragePool(),
                        new LayerSpec.Dense(4)))
                .withLabelSmoothing(0.1));
    }

    /** oneDNN is known to give the gradient for such an input wrongly on some processors. */
    @ParameterizedTest
    @ValueSource(ints = {1, 3})
    void filtersOverOneChannel(int filters) {
        assertParity(new NetworkSpec(List.of(
                        new LayerSpec.Conv2d(1, Size2d.square(2)),
                        new LayerSpec.Conv2d(filters, Size2d.square(3)).withPadding(Padding.SAME),
                        new LayerSpec.Flatten(),
                        new LayerSpec.Dense(4)))
                .withInitializer(new Initializer.Xavier()));
    }

    /** With these numbers of channels oneDNN is known to end the process on some processors. */
    @Test
    void convolutionsOfSinglePixelsInResNet50() {
        Size2d one = Size2d.square(1);
        assertParity(new NetworkSpec(List.of(
                        new LayerSpec.Conv2d(256, Size2d.square(2)),
                        new LayerSpec.Conv2d(1024, one),
                        new LayerSpec.Conv2d(256, one),
                        new LayerSpec.Conv2d(1024, one).withoutBias(),
                        new LayerSpec.Conv2d(512, one),
                        new LayerSpec.Conv2d(2048, one)
                                .withPadding(Padding.SAME)
                                .withStride(Size2d.square(2)),
                        new LayerSpec.GlobalAveragePool(),
                        new LayerSpec.Dense(4)))
                .withInitializer(new Initializer.Xavier()));
    }

    static final NetworkSpec FROZEN = new NetworkSpec(List.of(
                    new LayerSpec.Conv2d(3, Size2d.square(3)),
                    new LayerSpec.BatchNorm(),
                    new LayerSpec.Relu(),
                    new LayerSpec.Conv2d(4, Size2d.square(3)),
                    new LayerSpec.BatchNorm(),
                    new LayerSpec.Flatten(),
                    new LayerSpec.Dense(6),
                    new LayerSpec.BatchNorm(),
                    new LayerSpec.Dense(4)))
            .withFreeze(List.of("conv1", "bn2", "bn3"));

    /** Frozen normalisation uses its running statistics, which going backwards must follow; the rest has no gradient. */
    @Test
    void frozenLayers() {
        Network network = FROZEN.bind(INPUT);
        ModelState drawn = network.initialState(11);
        float[] statistics = drawn.buffers().clone();
        for (int i = 0; i < statistics.length; i++) {
            statistics[i] = 0.3f + 0.1f * i;
        }
        assertParity(network, new ModelState(drawn.parameters(), statistics));
    }

    /** Deeplearning4j has none, so groups are proved by the ungrouped convolution whose other weights are 0. */
    @Test
    void aGroupedConvolutionIsASparseOne() {
        Size2d three = Size2d.square(3);
        Network grouped = new NetworkSpec(
                        List.of(new LayerSpec.Conv2d(4, three).withoutBias().withGroups(2), new LayerSpec.Flatten()))
                .withLoss(Loss.SQUARED_ERROR)
                .bind(INPUT);
        Network full = new NetworkSpec(List.of(new LayerSpec.Conv2d(4, three).withoutBias(), new LayerSpec.Flatten()))
                .withLoss(Loss.SQUARED_ERROR)
                .bind(INPUT);
        ModelState start = grouped.initialState(1);
        float[] sparse = new float[full.layout().parameterCount()];
        for (int filter = 0; filter < 4; filter++) {
            // Filters 0 and 1 see channel 0, filters 2 and 3 see channel 1.
            System.arraycopy(start.parameters(), filter * 9, sparse, (filter * 2 + filter / 2) * 9, 9);
        }
        ImageBatch batch = TestBatches.classes(INPUT, 3, 4);
        try (Replica torch = replica("torch", grouped, start);
                Replica dl4j = ComputeBackend.named("dl4j").newReplica(full, NORMALIZATION)) {
            dl4j.parameters().set(sparse);
            assertThat(torch.outputs(batch)).containsExactly(dl4j.outputs(batch), within(1e-4));
        }
        assertThatThrownBy(() -> ComputeBackend.named("dl4j").checkSupport(grouped, Placement.CPU))
                .hasMessageContaining("conv1 with groups = 2")
                .hasMessageContaining("use the backend torch");
    }

    @ParameterizedTest
    @EnumSource(Loss.class)
    void loss(Loss loss) {
        NetworkSpec spec = new NetworkSpec(List.of(new LayerSpec.Flatten(), new LayerSpec.Dense(4)))
                .withLoss(loss)
                .withInitializer(new Initializer.Xavier());
        assertParity(spec);
        Network network = spec.bind(INPUT);
        ModelState start = network.initialState(11);
        assertThat(gradientDifference(network, start, TestBatches.weighted(INPUT, 6)))
                .isLessThan(1e-4);
    }

    /**
     * Where a rectifier's input is within rounding of 0, it may open on one backend and not on the other, and the gradient
     * jumps. That befell 1 of 24 starts; so the median of five.
     */
    @Test
    void resnet20() {
        Network network = NamedNetwork.RESNET20.spec(4).bind(new ImageShape(2, 16, 16));
        double[] differences = IntStream.rangeClosed(1, 5)
                .mapToDouble(seed -> gradientDifference(network, network.initialState(seed)))
                .sorted()
                .toArray();
        assertThat(differences[2]).isLessThan(1e-4);
    }

    @Test
    void lenet() {
        assertParity(NamedNetwork.LENET.spec(4), new ImageShape(2, 28, 28));
    }

    /** After 20 steps weights and running statistics still agree. */
    @Test
    void twentySteps() {
        NetworkSpec spec = new NetworkSpec(List.of(
                new LayerSpec.Conv2d(8, Size2d.square(3))
                        .withPadding(Padding.SAME)
                        .withoutBias(),
                new LayerSpec.BatchNorm(),
                new LayerSpec.Relu(),
                new LayerSpec.MaxPool(Size2d.square(2)),
                new LayerSpec.Flatten(),
                new LayerSpec.Dense(4)));
        float[][] dl4j = trainTwentySteps("dl4j", spec);
        float[][] torch = trainTwentySteps("torch", spec);
        assertClose(torch[0], dl4j[0], 1e-4);
        assertClose(torch[1], dl4j[1], 1e-4);
    }

    private static float[][] trainTwentySteps(String backend, NetworkSpec spec) {
        Network network = spec.bind(INPUT);
        OptimizerSpec sgd = new OptimizerSpec.Sgd(1e-3);
        try (Replica replica = ComputeBackend.named(backend).newReplica(network, NORMALIZATION)) {
            LocalTrainer trainer = new LocalTrainer(replica, network, sgd);
            trainer.load(
                    network.initialState(3), sgd.initialState(network.layout().parameterCount()));
            ImageBatch batch = TestBatches.classes(INPUT, 16, 4);
            for (int step = 0; step < 20; step++) {
                trainer.step(batch, new StepKey(1, step, 0), 0.05);
            }
            return new float[][] {
                replica.parameters().toArray(), replica.buffers().toArray()
            };
        }
    }

    /** Every optimizer takes the same steps on a backend's own vectors. */
    @ParameterizedTest
    @MethodSource("optimizers")
    void optimizer(OptimizerSpec optimizer) {
        Network network = NamedNetwork.MLP.spec(4).bind(INPUT);
        float[][] weights = new float[2][];
        String[] backends = {"dl4j", "torch"};
        for (int b = 0; b < 2; b++) {
            try (Replica replica = ComputeBackend.named(backends[b]).newReplica(network, NORMALIZATION)) {
                LocalTrainer trainer = new LocalTrainer(replica, network, optimizer);
                trainer.load(
                        network.initialState(3),
                        optimizer.initialState(network.layout().parameterCount()));
                for (int step = 0; step < 5; step++) {
                    trainer.step(TestBatches.classes(INPUT, 8, 4), STEP, 0.01);
                }
                weights[b] = replica.parameters().toArray();
            }
        }
        assertClose(weights[1], weights[0], 1e-4);
    }

    static Stream<OptimizerSpec> optimizers() {
        return Stream.of(
                new OptimizerSpec.Sgd(1e-3),
                new OptimizerSpec.Momentum().withWeightDecay(1e-3),
                new OptimizerSpec.Nesterov().withWeightDecay(1e-3),
                new OptimizerSpec.Adam().withEps(1e-4).withWeightDecay(1e-3),
                new OptimizerSpec.AdamW().withEps(1e-4));
    }

    private static void assertParity(NetworkSpec spec) {
        assertParity(spec, INPUT);
    }

    private static void assertParity(NetworkSpec spec, ImageShape input) {
        Network network = spec.bind(input);
        assertParity(network, network.initialState(11));
    }

    private static void assertParity(Network network, ModelState start) {
        assertThat(gradientDifference(network, start)).isLessThan(1e-4);
    }

    /** Holds everything but the gradient equal, and tells how far the gradients are apart. */
    private static double gradientDifference(Network network, ModelState start) {
        return gradientDifference(network, start, TestBatches.classes(network.input(), 6, 4));
    }

    private static double gradientDifference(Network network, ModelState start, ImageBatch batch) {
        try (Replica dl4j = replica("dl4j", network, start);
                Replica torch = replica("torch", network, start)) {
            double expected = dl4j.train(batch, STEP);
            assertThat(torch.train(batch, STEP)).isCloseTo(expected, within(1e-5 * expected));
            double difference =
                    difference(torch.gradient().toArray(), dl4j.gradient().toArray());
            assertClose(torch.buffers().toArray(), dl4j.buffers().toArray(), 1e-4);
            double[] outputs = dl4j.outputs(batch);
            assertThat(torch.outputs(batch)).containsExactly(outputs, within(1e-4));
            return difference;
        }
    }

    private static Replica replica(String backend, Network network, ModelState start) {
        Replica replica = ComputeBackend.named(backend).newReplica(network, NORMALIZATION);
        replica.parameters().set(start.parameters());
        replica.buffers().set(start.buffers());
        return replica;
    }

    private static void assertClose(float[] found, float[] expected, double tolerance) {
        assertThat(difference(found, expected)).isLessThan(tolerance);
    }

    /** The largest difference over the largest magnitude. */
    private static double difference(float[] found, float[] expected) {
        assertThat(found).hasSameSizeAs(expected);
        double magnitude = 1e-6;
        double difference = 0;
        for (int i = 0; i < expected.length; i++) {
            magnitude = Math.max(magnitude, Math.abs(expected[i]));
            difference = Math.max(difference, Math.abs((double) found[i] - expected[i]));
        }
        return difference / magnitude;
    }
}
