package dev.convoy.model.backend.dl4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.convoy.data.ImageBatch;
import dev.convoy.data.ImageShape;
import dev.convoy.data.Normalization;
import dev.convoy.model.Initializer;
import dev.convoy.model.LayerSpec;
import dev.convoy.model.LocalTrainer;
import dev.convoy.model.Loss;
import dev.convoy.model.ModelState;
import dev.convoy.model.NamedNetwork;
import dev.convoy.model.Network;
import dev.convoy.model.NetworkSpec;
import dev.convoy.model.OptimizerSpec;
import dev.convoy.model.Padding;
import dev.convoy.model.Size2d;
import dev.convoy.model.TestBatches;
import dev.convoy.model.backend.ComputeBackend;
import dev.convoy.model.backend.Replica;
import dev.convoy.model.backend.StepKey;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.openblas.global.openblas;
import org.junit.jupiter.api.Test;
import org.nd4j.nativeblas.NativeOpsHolder;

class Dl4jReplicaTest {
    private static final StepKey STEP = new StepKey(1, 0, 0);

    /** A dense layer over a 7x7x512 volume is a 7x7 convolution with as many filters. */
    @Test
    void aDenseLayerIsAConvolutionOverTheWholeVolume() {
        ImageShape volume = new ImageShape(512, 7, 7);
        Network dense = new NetworkSpec(
                        List.of(new LayerSpec.Flatten(), new LayerSpec.Dense(1024, true, null)),
                        Loss.SQUARED_ERROR,
                        new Initializer.He())
                .bind(volume);
        Network convolution = new NetworkSpec(
                        List.of(
                                new LayerSpec.Conv2d(1024, new Size2d(7, 7), null, Padding.VALID, true, null),
                                new LayerSpec.Flatten()),
                        Loss.SQUARED_ERROR,
                        new Initializer.He())
                .bind(volume);
        ImageBatch batch = TestBatches.classes(volume, 3, 3);
        double[] expected = outputs(dense, batch);
        assertThat(expected).hasSize(3 * 1024);
        double scale = Arrays.stream(expected).map(Math::abs).max().getAsDouble();
        assertThat(outputs(convolution, batch)).containsExactly(expected, within(1e-5 * scale));
    }

    private static double[] outputs(Network network, ImageBatch batch) {
        try (Replica replica = replica(network)) {
            return replica.outputs(batch);
        }
    }

    @Test
    void averagePoolingLeavesPaddingOutAndSamePadsAtBottomAndRight() {
        NetworkSpec average = pool(new LayerSpec.AveragePool(new Size2d(2, 2), null, Padding.SAME));
        NetworkSpec max = pool(new LayerSpec.MaxPool(new Size2d(2, 2), null, Padding.SAME));
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

    private static NetworkSpec pool(LayerSpec pool) {
        return new NetworkSpec(List.of(pool, new LayerSpec.Flatten()), Loss.SQUARED_ERROR, null);
    }

    /** A replica that sees bytes as they are. */
    private static Replica bytes(Network network) {
        return new Dl4jBackend().newReplica(network, new Normalization(new float[] {0}, new float[] {1 / 255f}));
    }

    @Test
    void runningStatisticsMoveTowardsMeanAndUnbiasedVariance() {
        ImageShape shape = new ImageShape(1, 1, 3);
        Network network = new NetworkSpec(
                        List.of(new LayerSpec.BatchNorm(0.25, null), new LayerSpec.Flatten()), Loss.SQUARED_ERROR, null)
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
        Network network = new NetworkSpec(
                        List.of(new LayerSpec.Flatten(), new LayerSpec.BatchNorm(null, null)), Loss.SQUARED_ERROR, null)
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
        Network network = new NetworkSpec(
                        List.of(
                                new LayerSpec.Flatten(),
                                new LayerSpec.Dropout(0.5),
                                new LayerSpec.Dropout(0.5),
                                new LayerSpec.Dense(4, true, null)),
                        null,
                        null)
                .bind(shape);
        ImageBatch batch = TestBatches.classes(shape, 8, 4);
        try (Replica one = replica(network);
                Replica two = replica(network)) {
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

    @Test
    void trainingIsBitwiseRepeatableAndLearns() {
        Network lenet = NamedNetwork.LENET.spec(4).bind(new ImageShape(1, 28, 28));
        ImageBatch batch = TestBatches.classes(lenet.input(), 16, 4);
        OptimizerSpec optimizer = new OptimizerSpec.Momentum(null, null);
        ModelState start = lenet.initialState(3, optimizer);
        try (Replica replica = replica(lenet)) {
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

    /** Bounds that hold in the running process, whatever the environment says. */
    @Test
    void aReplicaUsesOneThread() throws InterruptedException {
        int[] threads = new int[2];
        Thread owner = new Thread(() -> {
            outputs(
                    NamedNetwork.MLP.spec(3).bind(new ImageShape(1, 4, 4)),
                    TestBatches.classes(new ImageShape(1, 4, 4), 2, 3));
            threads[0] = NativeOpsHolder.getInstance().getDeviceNativeOps().ompGetMaxThreads();
            threads[1] = openblas.blas_get_num_threads();
        });
        owner.start();
        owner.join(60_000);
        assertThat(threads).containsExactly(1, 1);
    }

    @Test
    void nativesFollowTheFlagsOfTheCpu() {
        Set<String> avx2 = Set.of("sse4_2", "avx", "avx2", "fma");
        assertThat(NativeLibraries.extensionFor(Set.of("sse4_2", "avx"))).isEmpty();
        assertThat(NativeLibraries.extensionFor(avx2)).isEqualTo("-onednn-avx2");
        assertThat(NativeLibraries.extensionFor(Set.of("avx2", "fma", "avx512f", "avx512bw", "avx512dq", "avx512vl")))
                .isEqualTo("-onednn-avx512");
        assertThat(Loader.loadProperties().getProperty("platform.extension"))
                .isEqualTo(System.getProperty(NativeLibraries.EXTENSION_PROPERTY));
    }

    @Test
    void anUnknownBackendIsRefused() {
        assertThatThrownBy(() -> ComputeBackend.named("tensorflow"))
                .hasMessageContaining("backend.name = tensorflow")
                .hasMessageContaining("[dl4j]");
    }

    private static Replica replica(Network network) {
        int channels = network.input().channels();
        float[] mean = new float[channels];
        float[] std = new float[channels];
        Arrays.fill(mean, 0.5f);
        Arrays.fill(std, 0.3f);
        Replica replica = new Dl4jBackend().newReplica(network, new Normalization(mean, std));
        replica.parameters()
                .set(network.initialState(1, new OptimizerSpec.Sgd(null)).parameters());
        replica.buffers()
                .set(network.initialState(1, new OptimizerSpec.Sgd(null)).buffers());
        return replica;
    }
}
