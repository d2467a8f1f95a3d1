package dev.convoy.predict;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.convoy.data.ImageBatch;
import dev.convoy.data.ImageShape;
import dev.convoy.data.Normalization;
import dev.convoy.data.Target;
import dev.convoy.data.decode.Preparation;
import dev.convoy.model.ModelState;
import dev.convoy.model.Network;
import dev.convoy.model.NetworkSpec;
import dev.convoy.model.backend.ComputeBackend;
import dev.convoy.model.backend.Placement;
import dev.convoy.model.backend.Replica;
import dev.convoy.model.file.TrainedModel;
import dev.convoy.model.layer.LayerSpec;
import dev.convoy.model.layer.Padding;
import dev.convoy.model.layer.Size2d;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FeatureMapsTest {
    private static final ImageShape INPUT = new ImageShape(1, 7, 6);

    /** A network whose output is the sum of two convolutions behind batch normalisation: tensors of all of them must be found. */
    private static TrainedModel model() {
        Network network = new NetworkSpec(List.of(
                        new LayerSpec.Conv2d(3, Size2d.square(3)).withPadding(Padding.SAME),
                        new LayerSpec.BatchNorm(),
                        new LayerSpec.Tanh(),
                        new LayerSpec.Residual(List.of(
                                        new LayerSpec.BatchNorm(),
                                        new LayerSpec.Conv2d(2, Size2d.square(3)).withPadding(Padding.SAME)))
                                .withShortcut(List.of(new LayerSpec.Conv2d(2, Size2d.square(1)))),
                        new LayerSpec.Flatten()))
                .bind(INPUT);
        ModelState state = network.initialState(4);
        float[] statistics = state.buffers().clone();
        for (int i = 0; i < statistics.length; i++) {
            statistics[i] = 0.3f + 0.1f * i;
        }
        return new TrainedModel(
                network,
                List.of(),
                new Normalization(new float[] {0.4f}, new float[] {0.3f}),
                Preparation.ANY,
                state.parameters(),
                statistics);
    }

    @ParameterizedTest
    @ValueSource(strings = {"torch", "dl4j"})
    void mapsAddUpToWhatTheNetworkGives(String backend) {
        TrainedModel model = model();
        byte[] pixels = new byte[2 * INPUT.size()];
        new Random(1).nextBytes(pixels);
        ImageBatch images =
                new ImageBatch(INPUT, new long[] {0, 1}, pixels, List.of(Target.ofLabel(0), Target.ofLabel(0)));
        List<FeatureMaps> maps = new ArrayList<>();
        FeatureMaps.compute(model, ComputeBackend.named(backend), Placement.CPU, images, 10, maps::add);
        assertThat(maps)
                .extracting(map -> map.layer() + " " + map.image())
                .containsExactly(
                        "conv1 0",
                        "conv1 1",
                        "block1.conv1 0",
                        "block1.conv1 1",
                        "block1.shortcut.conv1 0",
                        "block1.shortcut.conv1 1");
        double[] whole;
        try (Replica replica = ComputeBackend.named(backend).newReplica(model.network(), model.normalization())) {
            replica.parameters().set(model.parameters());
            replica.buffers().set(model.buffers());
            whole = replica.outputs(images);
        }
        int size = model.network().outputs();
        for (int image = 0; image < 2; image++) {
            for (int i = 0; i < size; i++) {
                double sum =
                        maps.get(2 + image).values()[i] + maps.get(4 + image).values()[i];
                assertThat(sum).isCloseTo(whole[image * size + i], within(1e-5));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void ofManyConvolutionsSomeAreShown(int max) {
        List<String> layers = new ArrayList<>();
        ImageBatch image = new ImageBatch(INPUT, new long[] {0}, new byte[INPUT.size()], List.of(Target.ofLabel(0)));
        FeatureMaps.compute(
                model(), ComputeBackend.named("torch"), Placement.CPU, image, max, map -> layers.add(map.layer()));
        assertThat(layers).hasSize(max).startsWith("conv1");
    }
}
