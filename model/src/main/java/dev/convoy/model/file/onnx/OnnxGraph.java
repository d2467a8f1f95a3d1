package dev.convoy.model.file.onnx;

import dev.convoy.model.Network;
import dev.convoy.model.ParameterLayout;
import dev.convoy.model.file.TrainedModel;
import dev.convoy.model.layer.LayerSpec;
import dev.convoy.model.layer.Padding;
import dev.convoy.model.layer.Size2d;
import dev.convoy.model.layer.TensorShape;
import dev.convoy.storage.ProtobufMessage;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Writes a network as a graph of ONNX's operators (opset 13). Numbers of fields are those of {@code onnx.proto}; names of operators and
 * attributes those of ONNX's {@code Operators.md}. Each method answers the name of the value that its layer gives.
 */
final class OnnxGraph {
    private static final int FLOAT = 1;
    private static final int UINT8 = 2;
    private static final int ATTRIBUTE_FLOAT = 1;
    private static final int ATTRIBUTE_INT = 2;
    private static final int ATTRIBUTE_INTS = 7;

    /** What goes in: bytes, {@code [images, rows, columns, channels]}. */
    static final String INPUT = "image";
    /** What comes out: {@code [images, classes]}. */
    static final String OUTPUT = "probabilities";

    private final TrainedModel model;
    private final ProtobufMessage graph = new ProtobufMessage();
    private int next;

    OnnxGraph(TrainedModel model) {
        this.model = model;
    }

    /** The whole graph, from bytes to probabilities. */
    ProtobufMessage write() {
        String value = prepared();
        value = through(model.network().layers(), value);
        switch (model.network().spec().loss()) {
            case SOFTMAX_CROSS_ENTROPY -> node("Softmax", OUTPUT, List.of(value), integer("axis", 1));
            case BINARY_CROSS_ENTROPY -> node("Sigmoid", OUTPUT, List.of(value));
            case SQUARED_ERROR -> node("Identity", OUTPUT, List.of(value));
        }
        var shape = model.network().input();
        return graph.text(2, "convoy")
                .message(11, value(INPUT, UINT8, shape.height(), shape.width(), shape.channels()))
                .message(12, value(OUTPUT, FLOAT, model.classNames().size()));
    }

    /** Bytes to numbers, normalised, channels first. */
    private String prepared() {
        float[] mean = model.normalization().mean();
        float[] deviation = model.normalization().std();
        String numbers = node("Cast", INPUT + "_float", List.of(INPUT), integer("to", FLOAT));
        String scaled = node("Div", INPUT + "_scaled", List.of(numbers, constant("full_scale", new float[] {255}, 1)));
        String centred = node("Sub", INPUT + "_centred", List.of(scaled, constant("mean", mean, mean.length)));
        String normal = node("Div", INPUT + "_normal", List.of(centred, constant("std", deviation, deviation.length)));
        return node("Transpose", INPUT + "_planes", List.of(normal), integers("perm", 0, 3, 1, 2));
    }

    private String through(List<Network.Layer> layers, String input) {
        String value = input;
        for (Network.Layer layer : layers) {
            value = layer.spec().accept(new Writer(layer, value));
        }
        return value;
    }

    /** Writes one layer. */
    private final class Writer implements LayerSpec.Visitor<String> {
        private final Network.Layer layer;
        private final String input;

        Writer(Network.Layer layer, String input) {
            this.layer = layer;
            this.input = input;
        }

        private String one(String operator, ProtobufMessage... attributes) {
            return node(operator, layer.name(), List.of(input), attributes);
        }

        @Override
        public String conv2d(LayerSpec.Conv2d spec) {
            List<String> inputs = tensors(layer, input);
            return node(
                    "Conv",
                    layer.name(),
                    inputs,
                    size("kernel_shape", spec.kernel()),
                    size("strides", spec.stride()),
                    pads(spec),
                    integer("group", spec.groups()));
        }

        @Override
        public String maxPool(LayerSpec.MaxPool spec) {
            return one("MaxPool", size("kernel_shape", spec.kernel()), size("strides", spec.stride()), pads(spec));
        }

        @Override
        public String averagePool(LayerSpec.AveragePool spec) {
            return one(
                    "AveragePool",
                    size("kernel_shape", spec.kernel()),
                    size("strides", spec.stride()),
                    pads(spec),
                    integer("count_include_pad", 0));
        }

        @Override
        public String globalAveragePool(LayerSpec.GlobalAveragePool spec) {
            String pooled = node("GlobalAveragePool", layer.name() + "_mean", List.of(input));
            return node("Flatten", layer.name(), List.of(pooled), integer("axis", 1));
        }

        @Override
        public String residual(LayerSpec.Residual spec) {
            String body = through(layer.body(), input);
            String shortcut = through(layer.shortcut(), input);
            return node("Add", layer.name(), List.of(body, shortcut));
        }

        @Override
        public String batchNorm(LayerSpec.BatchNorm spec) {
            return node("BatchNormalization", layer.name(), tensors(layer, input), real("epsilon", spec.eps()));
        }

        @Override
        public String dense(LayerSpec.Dense spec) {
            return node("Gemm", layer.name(), tensors(layer, input), integer("transB", 1));
        }

        @Override
        public String flatten(LayerSpec.Flatten spec) {
            return one("Flatten", integer("axis", 1));
        }

        /** Does nothing when a model is asked. */
        @Override
        public String dropout(LayerSpec.Dropout spec) {
            return input;
        }

        @Override
        public String sigmoid(LayerSpec.Sigmoid spec) {
            return one("Sigmoid");
        }

        @Override
        public String tanh(LayerSpec.Tanh spec) {
            return one("Tanh");
        }

        @Override
        public String relu(LayerSpec.Relu spec) {
            return one("Relu");
        }

        @Override
        public String leakyRelu(LayerSpec.LeakyRelu spec) {
            return one("LeakyRelu", real("alpha", spec.slope()));
        }

        @Override
        public String softmax(LayerSpec.Softmax spec) {
            return one("Softmax", integer("axis", 1));
        }

        /** Rows and columns before, then after; of an odd number the last one goes to the bottom and to the right. */
        private ProtobufMessage pads(LayerSpec.Windowed spec) {
            TensorShape.Volume from = (TensorShape.Volume) layer.input();
            TensorShape.Volume to = (TensorShape.Volume) layer.output();
            int rows = padding(
                    spec.padding(),
                    from.height(),
                    to.height(),
                    spec.kernel().height(),
                    spec.stride().height());
            int columns = padding(
                    spec.padding(),
                    from.width(),
                    to.width(),
                    spec.kernel().width(),
                    spec.stride().width());
            return integers("pads", rows / 2, columns / 2, rows - rows / 2, columns - columns / 2);
        }
    }

    private static int padding(Padding padding, int from, int to, int kernel, int stride) {
        return padding instanceof Padding.Explicit explicit
                ? 2 * explicit.pixels()
                : Math.max(0, (to - 1) * stride + kernel - from);
    }

    /** The input of a layer, and its tensors, which become constants of the graph. */
    private List<String> tensors(Network.Layer layer, String input) {
        List<String> names = new ArrayList<>(List.of(input));
        for (ParameterLayout.Entry entry : layer.tensors()) {
            float[] vector = entry.isBuffer() ? model.buffers() : model.parameters();
            float[] values = Arrays.copyOfRange(vector, entry.offset(), entry.offset() + entry.size());
            int[] shape =
                    entry.tensor().shape().stream().mapToInt(Integer::intValue).toArray();
            names.add(constant(entry.name(), values, shape));
        }
        return names;
    }

    private String constant(String name, float[] values, int... shape) {
        ByteBuffer bytes = ByteBuffer.allocate(Math.multiplyExact(Float.BYTES, values.length))
                .order(ByteOrder.LITTLE_ENDIAN);
        bytes.asFloatBuffer().put(values);
        ProtobufMessage tensor = new ProtobufMessage();
        tensor.integers(1, Arrays.stream(shape).asLongStream().toArray());
        graph.message(5, tensor.integer(2, FLOAT).text(8, name).bytes(9, bytes.array()));
        return name;
    }

    private String node(String operator, String output, List<String> inputs, ProtobufMessage... attributes) {
        ProtobufMessage node = new ProtobufMessage();
        inputs.forEach(input -> node.text(1, input));
        node.text(2, output).text(3, operator + "_" + next++).text(4, operator);
        for (ProtobufMessage attribute : attributes) {
            node.message(5, attribute);
        }
        graph.message(1, node);
        return output;
    }

    private static ProtobufMessage size(String name, Size2d size) {
        return integers(name, size.height(), size.width());
    }

    private static ProtobufMessage integer(String name, long value) {
        return new ProtobufMessage().text(1, name).integer(3, value).integer(20, ATTRIBUTE_INT);
    }

    private static ProtobufMessage integers(String name, long... values) {
        ProtobufMessage attribute = new ProtobufMessage().text(1, name);
        for (long value : values) {
            attribute.integer(8, value);
        }
        return attribute.integer(20, ATTRIBUTE_INTS);
    }

    private static ProtobufMessage real(String name, double value) {
        return new ProtobufMessage().text(1, name).single(2, (float) value).integer(20, ATTRIBUTE_FLOAT);
    }

    /** A value whose first dimension is any number of images. */
    private static ProtobufMessage value(String name, int type, int... sizes) {
        ProtobufMessage shape = new ProtobufMessage().message(1, new ProtobufMessage().text(2, "images"));
        for (int size : sizes) {
            shape.message(1, new ProtobufMessage().integer(1, size));
        }
        ProtobufMessage tensor = new ProtobufMessage().integer(1, type).message(2, shape);
        return new ProtobufMessage().text(1, name).message(2, new ProtobufMessage().message(1, tensor));
    }
}
