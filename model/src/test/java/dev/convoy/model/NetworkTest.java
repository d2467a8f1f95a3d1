package dev.convoy.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.convoy.data.ConvoyException;
import dev.convoy.data.ImageShape;
import dev.convoy.model.layer.Initializer;
import dev.convoy.model.layer.LayerSpec;
import dev.convoy.model.layer.Padding;
import dev.convoy.model.layer.Size2d;
import dev.convoy.model.zoo.NamedNetwork;
import java.nio.FloatBuffer;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class NetworkTest {
    private static final ImageShape DIGIT = new ImageShape(1, 28, 28);

    /** Counts windows one by one. */
    @Property(tries = 500)
    void outputSizeIsTheNumberOfWindowsThatFit(
            @ForAll @IntRange(min = 1, max = 40) int input,
            @ForAll @IntRange(min = 1, max = 9) int kernel,
            @ForAll @IntRange(min = 1, max = 5) int stride,
            @ForAll @IntRange(max = 4) int pad) {
        int windows = 0;
        for (int start = -pad; start + kernel <= input + pad; start += stride) {
            windows++;
        }
        int size = new Padding.Explicit(pad).outputSize(input, kernel, stride);
        assertThat(Math.max(0, size)).isEqualTo(windows);
        assertThat(Padding.SAME.outputSize(input, kernel, stride)).isEqualTo((int) Math.ceil((double) input / stride));
    }

    @Test
    void lenetIsTheKnownOne() {
        Network lenet = NamedNetwork.LENET.spec(10).bind(DIGIT);
        assertThat(lenet.layout().parameterCount()).isEqualTo(431_080);
        assertThat(lenet.outputs()).isEqualTo(10);
        assertThat(lenet.layout().entries().stream().map(ParameterLayout.Entry::name))
                .containsExactly(
                        "conv1.weight",
                        "conv1.bias",
                        "conv2.weight",
                        "conv2.bias",
                        "fc1.weight",
                        "fc1.bias",
                        "fc2.weight",
                        "fc2.bias");
        assertThat(lenet.layout().entries().get(2).tensor().shape()).containsExactly(50, 20, 5, 5);
        assertThat(lenet.layout().entries().get(4).tensor().shape()).containsExactly(500, 800);
        assertThat(NamedNetwork.MLP.spec(10).bind(DIGIT).layout().parameterCount())
                .isEqualTo(784 * 256 + 256 + 256 * 128 + 128 + 128 * 10 + 10);
    }

    /** Numbers of parameters that torchvision documents; resnet20's follows from its layers. */
    @Test
    void namedNetworksHaveTheirKnownSizes() {
        ImageShape photo = new ImageShape(3, 224, 224);
        assertThat(NamedNetwork.RESNET18.spec(1000).bind(photo).layout().parameterCount())
                .isEqualTo(11_689_512);
        assertThat(NamedNetwork.RESNET50.spec(1000).bind(photo).layout().parameterCount())
                .isEqualTo(25_557_032);
        assertThat(NamedNetwork.VGG11.spec(1000).bind(photo).layout().parameterCount())
                .isEqualTo(132_863_336);
        assertThat(NamedNetwork.MOBILENET_V2.spec(1000).bind(photo).layout().parameterCount())
                .isEqualTo(3_504_872);
        Network resnet20 = NamedNetwork.RESNET20.spec(10).bind(new ImageShape(3, 32, 32));
        // 269,722 with shortcuts that have no parameters, and two projections
        assertThat(resnet20.layout().parameterCount()).isEqualTo(269_722 + 16 * 32 + 64 + 32 * 64 + 128);
        assertThat(resnet20.layout().entries().stream().map(ParameterLayout.Entry::name))
                .contains(
                        "block1.conv2.weight",
                        "block4.shortcut.conv1.weight",
                        "block4.shortcut.bn1.running_var",
                        "fc1.bias");
        assertThat(resnet20.allLayers().stream().map(Network.Layer::index))
                .doesNotHaveDuplicates()
                .startsWith(0, 1, 2);
    }

    @Test
    void blocksAndGroupsThatDoNotFitAreNamed() {
        LayerSpec conv = new LayerSpec.Conv2d(4, Size2d.square(3));
        assertRefused(List.of(conv, new LayerSpec.Residual(List.of(conv))), "block1", "4x24x24", "4x26x26", "shortcut");
        assertRefused(List.of(new LayerSpec.Residual(List.of(new LayerSpec.Dense(1)))), "block1.fc1", "flatten");
        LayerSpec grouped = new LayerSpec.Conv2d(6, Size2d.square(1)).withGroups(4);
        assertRefused(List.of(conv, grouped), "conv2", "groups = 4", "4 channels", "6 filters");
    }

    @Test
    void smoothedLabelsStillAddUpToOne() {
        NetworkSpec spec = new NetworkSpec(List.of(new LayerSpec.Flatten())).withLabelSmoothing(0.2);
        float[] targets = spec.trainingTargets(TestBatches.classes(new ImageShape(1, 2, 2), 2, 4), 4);
        assertThat(targets)
                .containsExactly(new float[] {0.85f, 0.05f, 0.05f, 0.05f, 0.05f, 0.85f, 0.05f, 0.05f}, within(1e-6f));
        assertThatThrownBy(() -> new NetworkSpec(List.of(new LayerSpec.Flatten()))
                        .withLoss(Loss.SQUARED_ERROR)
                        .withLabelSmoothing(0.1))
                .hasMessageContaining("labelSmoothing");
    }

    @Test
    void layersAreFrozenByNameByBlockAndAllButTheHead() {
        NetworkSpec resnet = NamedNetwork.RESNET20.spec(10);
        assertThat(frozen(resnet, "conv1")).containsExactly("conv1");
        assertThat(frozen(resnet, "block1", "bn*"))
                .containsExactly("bn1", "block1.conv1", "block1.bn1", "block1.conv2", "block1.bn2");
        assertThat(frozen(resnet, "body"))
                .contains("conv1", "block4.shortcut.bn1", "block9.bn2")
                .doesNotContain("fc1");
        Network network = freeze(resnet, "body").bind(new ImageShape(3, 32, 32));
        float[] mask = network.layout().decayMask();
        ParameterLayout.Entry head = network.head().tensors().get(0);
        assertThat(head.name()).isEqualTo("fc1.weight");
        for (int i = 0; i < mask.length; i++) {
            assertThat(mask[i]).isEqualTo(i >= head.offset() && i < head.offset() + head.size() ? 1 : 0);
        }
        assertThatThrownBy(() -> frozen(resnet, "conv9"))
                .hasMessageContaining("conv9")
                .hasMessageContaining("block1.conv1");
        assertThatThrownBy(() -> frozen(resnet, "*")).hasMessageContaining("leave fc1 out");
    }

    private static List<String> frozen(NetworkSpec spec, String... patterns) {
        return freeze(spec, patterns).bind(new ImageShape(3, 32, 32)).allLayers().stream()
                .filter(Network.Layer::isFrozen)
                .map(Network.Layer::name)
                .toList();
    }

    private static NetworkSpec freeze(NetworkSpec spec, String... patterns) {
        return new NetworkSpec(spec.layers())
                .withLoss(spec.loss())
                .withInitializer(spec.initializer())
                .withFreeze(List.of(patterns));
    }

    @Test
    void buffersStandApartAndOnlyWeightsDecay() {
        Network network = new NetworkSpec(List.of(
                        new LayerSpec.Conv2d(2, Size2d.square(1)),
                        new LayerSpec.BatchNorm(),
                        new LayerSpec.Flatten(),
                        new LayerSpec.Dense(1).withoutBias()))
                .bind(new ImageShape(1, 1, 2));
        assertThat(network.layout().parameterCount()).isEqualTo(2 + 2 + 2 + 2 + 4);
        assertThat(network.layout().bufferCount()).isEqualTo(4);
        assertThat(network.layout().decayMask()).containsExactly(1, 1, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1);
        FloatBuffer part = FloatBuffer.wrap(new float[] {9, 9, 9, 9, 9, 9, 9, 9});
        network.layout().decayMask(1, part.slice(1, 6));
        network.layout().decayMask(8, part.slice(7, 1));
        assertThat(part.array()).containsExactly(9, 1, 0, 0, 0, 0, 0, 1);
        ModelState state = network.initialState(1);
        assertThat(state.buffers()).containsExactly(0, 0, 1, 1);
    }

    @Test
    void weightsDependOnTheSeedAloneAndFollowTheirInitializer() {
        Network network = new NetworkSpec(List.of(
                        new LayerSpec.Flatten(),
                        new LayerSpec.Dense(100).withInitializer(new Initializer.Normal(0.0, 0.1))))
                .bind(DIGIT);
        float[] weights = network.initialState(1).parameters();
        assertThat(network.initialState(1).parameters()).isEqualTo(weights);
        assertThat(network.initialState(2).parameters()).isNotEqualTo(weights);
        double squares = 0;
        for (float weight : weights) {
            squares += weight * weight;
        }
        assertThat(Math.sqrt(squares / (weights.length - 100))).isBetween(0.099, 0.101);
        assertThat(weights[weights.length - 1]).as("bias").isZero();
    }

    @Test
    void aLayerThatDoesNotFitIsNamedWithItsInputAndWhatFits() {
        LayerSpec conv = new LayerSpec.Conv2d(4, Size2d.square(5));
        LayerSpec pool = new LayerSpec.MaxPool(Size2d.square(4));
        assertRefused(List.of(conv, pool, pool, conv), "conv2", "4x1x1", "at most 1x1", "padding same");
        assertRefused(List.of(new LayerSpec.Dense(10)), "fc1", "1x28x28", "flatten");
        assertRefused(List.of(new LayerSpec.Flatten(), conv), "conv1", "784", "before flatten");
        assertRefused(List.of(conv), "ends in the volume 4x24x24");
    }

    @Test
    void whatMakesNoSenseIsRefused() {
        LayerSpec dense = new LayerSpec.Dense(10);
        assertRefused(List.of(new LayerSpec.Flatten(), dense, new LayerSpec.Softmax()), "softmax", "built in");
        NetworkSpec sigmoid = new NetworkSpec(List.of(new LayerSpec.Flatten(), dense, new LayerSpec.Sigmoid()));
        assertThatThrownBy(() -> sigmoid.withLoss(Loss.BINARY_CROSS_ENTROPY).bind(DIGIT))
                .hasMessageContaining("built in");
        assertThatThrownBy(() -> new NetworkSpec(List.of())).hasMessageContaining("layers = []");
        assertThatThrownBy(() -> new LayerSpec.Dropout(1.0)).hasMessageContaining("rate = 1.0");
        assertThatThrownBy(() -> new LayerSpec.Conv2d(0, Size2d.square(1))).hasMessageContaining("filters = 0");
        assertThatThrownBy(() -> new LayerSpec.MaxPool(Size2d.square(2)).withPadding(new Padding.Explicit(2)))
                .hasMessageContaining("at most half");
        assertThatThrownBy(() -> NamedNetwork.of("lenett"))
                .hasMessageContaining("[lenet, mlp, resnet20, resnet18, resnet50, vgg11, mobilenet-v2]");
    }

    private static void assertRefused(List<LayerSpec> layers, String... parts) {
        assertThatThrownBy(() -> new NetworkSpec(layers).bind(DIGIT))
                .isInstanceOf(ConvoyException.class)
                .message()
                .contains(parts);
    }
}
