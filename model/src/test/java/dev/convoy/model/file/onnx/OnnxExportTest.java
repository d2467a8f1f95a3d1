package dev.convoy.model.file.onnx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.convoy.data.ConvoyException;
import dev.convoy.data.ImageShape;
import dev.convoy.data.Normalization;
import dev.convoy.data.decode.Preparation;
import dev.convoy.model.Loss;
import dev.convoy.model.ModelState;
import dev.convoy.model.Network;
import dev.convoy.model.NetworkSpec;
import dev.convoy.model.ParameterLayout;
import dev.convoy.model.backend.ComputeBackend;
import dev.convoy.model.backend.Replica;
import dev.convoy.model.file.TrainedModel;
import dev.convoy.model.layer.LayerSpec;
import dev.convoy.model.layer.Padding;
import dev.convoy.model.layer.Size2d;
import dev.convoy.model.zoo.NamedNetwork;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import onnx.Onnx;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

class OnnxExportTest {
    private static final ImageShape INPUT = new ImageShape(3, 13, 11);

    private static TrainedModel model(NetworkSpec spec, ImageShape input) {
        Network network = spec.bind(input);
        ModelState state = network.initialState(3);
        float[] statistics = state.buffers().clone();
        for (int i = 0; i < statistics.length; i++) {
            statistics[i] = 0.4f + 0.05f * (i % 7);
        }
        List<String> names = IntStream.range(0, network.outputs())
                .mapToObj(i -> "class " + i)
                .toList();
        float[] mean = new float[input.channels()];
        float[] deviation = new float[input.channels()];
        for (int channel = 0; channel < mean.length; channel++) {
            mean[channel] = 0.4f + 0.1f * channel;
            deviation[channel] = 0.2f + 0.05f * channel;
        }
        return new TrainedModel(
                network, names, new Normalization(mean, deviation), Preparation.ANY, state.parameters(), statistics);
    }

    private static byte[] export(TrainedModel model) {
        try (Replica replica = ComputeBackend.named("torch").newReplica(model.network(), model.normalization())) {
            replica.parameters().set(model.parameters());
            replica.buffers().set(model.buffers());
            return OnnxExport.of(model, replica::outputs).toBytes();
        }
    }

    static Stream<List<LayerSpec>> bodies() {
        Size2d two = Size2d.square(2);
        Size2d three = Size2d.square(3);
        return Stream.of(
                List.of(new LayerSpec.Conv2d(4, three).withStride(two).withPadding(Padding.SAME), new LayerSpec.Relu()),
                List.of(
                        new LayerSpec.Conv2d(6, new Size2d(2, 3))
                                .withPadding(Padding.SAME)
                                .withoutBias(),
                        new LayerSpec.BatchNorm(),
                        new LayerSpec.LeakyRelu(0.2),
                        new LayerSpec.Conv2d(4, three).withGroups(2),
                        new LayerSpec.Tanh()),
                List.of(
                        new LayerSpec.Conv2d(4, new Size2d(3, 2))
                                .withStride(new Size2d(1, 2))
                                .withPadding(new Padding.Explicit(1)),
                        new LayerSpec.Sigmoid(),
                        new LayerSpec.MaxPool(three).withStride(two).withPadding(Padding.SAME)),
                List.of(new LayerSpec.MaxPool(three).withStride(two).withPadding(new Padding.Explicit(1))),
                List.of(new LayerSpec.AveragePool(three).withStride(two).withPadding(new Padding.Explicit(1))),
                List.of(new LayerSpec.AveragePool(two), new LayerSpec.Dropout(0.5)),
                List.of(
                        new LayerSpec.Residual(List.of(
                                        new LayerSpec.Conv2d(5, three)
                                                .withStride(two)
                                                .withPadding(Padding.SAME),
                                        new LayerSpec.BatchNorm()))
                                .withShortcut(List.of(new LayerSpec.Conv2d(5, Size2d.square(1)).withStride(two))),
                        new LayerSpec.Residual(List.of(new LayerSpec.Conv2d(5, three).withPadding(Padding.SAME)))));
    }

    /** OpenCV's engine, which is asked at every export, answers as libtorch does. */
    @ParameterizedTest
    @MethodSource("bodies")
    void anotherEngineAnswersTheSame(List<LayerSpec> body) throws IOException {
        List<LayerSpec> flat = Stream.concat(body.stream(), Stream.of(new LayerSpec.Flatten(), new LayerSpec.Dense(5)))
                .toList();
        assertAnswers(model(new NetworkSpec(flat), INPUT));
        List<LayerSpec> pooled = Stream.concat(
                        body.stream(),
                        Stream.of(
                                new LayerSpec.GlobalAveragePool(),
                                new LayerSpec.Dense(6).withoutBias(),
                                new LayerSpec.BatchNorm(),
                                new LayerSpec.Dense(5)))
                .toList();
        assertAnswers(model(new NetworkSpec(pooled), INPUT));
    }

    private static void assertAnswers(TrainedModel model) throws IOException {
        byte[] file = export(model);
        Map<String, String> metadata = metadata(file);
        JsonNode golden = new ObjectMapper().readTree(metadata.get("golden_probabilities"));
        ImageShape shape = model.network().input();
        double[] found = OnnxReader.ask(
                file, OnnxFile.goldenImage(shape.size()), shape.height(), shape.width(), shape.channels());
        for (int c = 0; c < found.length; c++) {
            double expected = golden.get(c).asDouble();
            assertThat(found[c]).isCloseTo(expected, within(1e-5 * Math.max(1, Math.abs(expected))));
        }
        // A network that answers the same whatever it is asked would prove nothing.
        byte[] black = new byte[shape.size()];
        assertThat(OnnxReader.ask(file, black, shape.height(), shape.width(), shape.channels()))
                .isNotEqualTo(found);
    }

    private static Map<String, String> metadata(byte[] file) throws IOException {
        return Onnx.ModelProto.parseFrom(file).getMetadataPropsList().stream()
                .collect(Collectors.toMap(entry -> entry.getKey(), entry -> entry.getValue()));
    }

    @Test
    void knownNetworksAreWhole() throws IOException {
        TrainedModel resnet = model(NamedNetwork.RESNET18.spec(4), new ImageShape(3, 40, 40));
        // Untrained, it would be quite sure of one class, whatever it is asked.
        ParameterLayout.Entry head = resnet.network().head().tensors().get(0);
        for (int i = head.offset(); i < head.offset() + head.size(); i++) {
            resnet.parameters()[i] *= 1e-3f;
        }
        assertAnswers(resnet);
        assertAnswers(model(NamedNetwork.LENET.spec(10), new ImageShape(1, 28, 28)));
    }

    @ParameterizedTest
    @EnumSource(Loss.class)
    void everyLossHasItsAnswers(Loss loss) throws IOException {
        assertAnswers(
                model(new NetworkSpec(List.of(new LayerSpec.Flatten(), new LayerSpec.Dense(5))).withLoss(loss), INPUT));
    }

    /** Read by classes that were generated of ONNX's own description. */
    @Test
    void theFileSaysWhatItIs() throws IOException {
        TrainedModel model = model(NamedNetwork.LENET.spec(10), new ImageShape(1, 28, 28));
        Onnx.ModelProto file = Onnx.ModelProto.parseFrom(export(model));
        assertThat(file.getProducerName()).isEqualTo("Convoy");
        assertThat(file.getOpsetImport(0).getVersion()).isEqualTo(13);
        assertThat(file.getGraph().getInput(0).getName()).isEqualTo("image");
        assertThat(file.getGraph().getInput(0).getType().getTensorType().getElemType())
                .isEqualTo(2);
        assertThat(file.getGraph()
                        .getInput(0)
                        .getType()
                        .getTensorType()
                        .getShape()
                        .getDimList())
                .extracting(dim -> dim.getDimValue())
                .containsExactly(0L, 28L, 28L, 1L);
        assertThat(file.getGraph().getOutput(0).getName()).isEqualTo("probabilities");
        assertThat(file.getGraph().getInitializerList())
                .extracting(tensor -> tensor.getName())
                .contains("conv1.weight", "fc2.bias");
        assertThat(new ObjectMapper().readTree(metadata(export(model)).get("classes")))
                .hasSize(10);
    }

    @Test
    void aFileThatAnswersOtherwiseIsNotGivenAway() {
        TrainedModel model = model(NamedNetwork.MLP.spec(3), new ImageShape(1, 8, 8));
        assertThatThrownBy(() -> OnnxExport.of(model, batch -> new double[] {100, 0, 0}))
                .isInstanceOf(ConvoyException.class)
                .hasMessageContaining("Cannot write ONNX: for the class class 0 the file gives");
    }
}
