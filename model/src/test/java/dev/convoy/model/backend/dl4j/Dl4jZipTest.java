package dev.convoy.model.backend.dl4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.convoy.data.ConvoyException;
import dev.convoy.data.ImageBatch;
import dev.convoy.data.ImageShape;
import dev.convoy.data.Normalization;
import dev.convoy.data.decode.Preparation;
import dev.convoy.model.Loss;
import dev.convoy.model.ModelState;
import dev.convoy.model.Network;
import dev.convoy.model.NetworkSpec;
import dev.convoy.model.TestBatches;
import dev.convoy.model.backend.ComputeBackend;
import dev.convoy.model.backend.Replica;
import dev.convoy.model.file.TrainedModel;
import dev.convoy.model.layer.LayerSpec;
import dev.convoy.model.layer.Padding;
import dev.convoy.model.layer.Size2d;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import java.util.zip.ZipOutputStream;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.graph.ElementWiseVertex;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ActivationLayer;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.DropoutLayer;
import org.deeplearning4j.nn.conf.layers.GlobalPoolingLayer;
import org.deeplearning4j.nn.conf.layers.LocalResponseNormalization;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.PoolingType;
import org.deeplearning4j.nn.conf.layers.SubsamplingLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.util.ModelSerializer;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** Models go to Deeplearning4j and come back; files that nobody vouches for are refused. */
class Dl4jZipTest {
    private static final ImageShape INPUT = new ImageShape(2, 12, 12);
    private static final ImageBatch BATCH = TestBatches.classes(INPUT, 6, 3);
    private static final Normalization NORMALIZATION =
            new Normalization(new float[] {0.5f, 0.4f}, new float[] {0.3f, 0.2f});

    @BeforeAll
    static void loadNatives() {
        NativeLibraries.load();
    }

    @Test
    void aTrainedMultiLayerNetworkGivesTheSameOutputsHere() throws IOException {
        MultiLayerNetwork theirs = new MultiLayerNetwork(new NeuralNetConfiguration.Builder()
                .updater(new Sgd(0.05))
                .list()
                .layer(new ConvolutionLayer.Builder(3, 3)
                        .nOut(4)
                        .padding(1, 1)
                        .activation(Activation.TANH)
                        .build())
                .layer(new BatchNormalization())
                .layer(new SubsamplingLayer.Builder(SubsamplingLayer.PoolingType.MAX)
                        .kernelSize(2, 2)
                        .stride(2, 2)
                        .build())
                .layer(new ConvolutionLayer.Builder(3, 3)
                        .nOut(5)
                        .stride(2, 2)
                        .hasBias(false)
                        .convolutionMode(ConvolutionMode.Same)
                        .activation(Activation.RELU)
                        .build())
                .layer(new SubsamplingLayer.Builder(SubsamplingLayer.PoolingType.AVG)
                        .kernelSize(2, 2)
                        .stride(1, 1)
                        .build())
                .layer(new DenseLayer.Builder()
                        .nOut(6)
                        .dropOut(0.7)
                        .activation(Activation.LEAKYRELU)
                        .build())
                .layer(new DropoutLayer(0.4))
                .layer(new OutputLayer.Builder(LossFunction.MCXENT)
                        .nOut(3)
                        .activation(Activation.SOFTMAX)
                        .build())
                .setInputType(InputType.convolutional(12, 12, 2))
                .build());
        theirs.init();
        DataSet data = new DataSet(images(), Nd4j.eye(3).getRows(0, 1, 2, 0, 1, 2));
        for (int step = 0; step < 5; step++) {
            // Running statistics move too.
            theirs.fit(data);
        }
        Dl4jZip.Contents read = read(zip(theirs));
        assertThat(read.network().spec().layers().stream().map(LayerSpec::stem))
                .containsExactly(
                        "conv",
                        "tanh",
                        "bn",
                        "pool",
                        "conv",
                        "relu",
                        "pool",
                        "flatten",
                        "dropout",
                        "fc",
                        "leaky_relu",
                        "dropout",
                        "fc");
        assertSameOutputs(read, theirs.output(images()));
    }

    @Test
    void aGraphWithASumGivesTheSameOutputsHere() throws IOException {
        ComputationGraph theirs = new ComputationGraph(new NeuralNetConfiguration.Builder()
                .convolutionMode(ConvolutionMode.Same)
                .activation(Activation.SIGMOID)
                .graphBuilder()
                .addInputs("in")
                .addLayer("first", new ConvolutionLayer.Builder(3, 3).nOut(4).build(), "in")
                .addLayer("body1", new ConvolutionLayer.Builder(3, 3).nOut(4).build(), "first")
                .addLayer("body2", new ConvolutionLayer.Builder(3, 3).nOut(4).build(), "body1")
                .addLayer("way", new ConvolutionLayer.Builder(1, 1).nOut(4).build(), "first")
                .addVertex("inner", new ElementWiseVertex(ElementWiseVertex.Op.Add), "body2", "way")
                .addVertex("outer", new ElementWiseVertex(ElementWiseVertex.Op.Add), "first", "inner")
                .addLayer("mean", new GlobalPoolingLayer(PoolingType.AVG), "outer")
                .addLayer(
                        "out",
                        new OutputLayer.Builder(LossFunction.MCXENT)
                                .nOut(3)
                                .activation(Activation.SOFTMAX)
                                .build(),
                        "mean")
                .setOutputs("out")
                .setInputTypes(InputType.convolutional(12, 12, 2))
                .build());
        theirs.init();
        assertSameOutputs(read(zip(theirs)), theirs.outputSingle(images()));
    }

    @Test
    void anExportedModelIsRestoredByDeeplearning4jAndComesBack() throws IOException {
        Size2d three = Size2d.square(3);
        NetworkSpec spec = new NetworkSpec(List.of(
                        new LayerSpec.Conv2d(4, three).withPadding(new Padding.Explicit(1)),
                        new LayerSpec.BatchNorm(0.2, 1e-4),
                        new LayerSpec.Residual(List.of(
                                new LayerSpec.Conv2d(4, three)
                                        .withPadding(Padding.SAME)
                                        .withoutBias(),
                                new LayerSpec.LeakyRelu(0.2))),
                        new LayerSpec.MaxPool(Size2d.square(2)),
                        new LayerSpec.Flatten(),
                        new LayerSpec.Dropout(0.25),
                        new LayerSpec.Dense(7),
                        new LayerSpec.BatchNorm(),
                        new LayerSpec.Dense(3)))
                .withFreeze(List.of("bn1"));
        Network network = spec.bind(INPUT);
        ModelState drawn = network.initialState(4);
        float[] statistics = drawn.buffers().clone();
        for (int i = 0; i < statistics.length; i++) {
            statistics[i] = 0.5f + 0.1f * i;
        }
        TrainedModel model = new TrainedModel(
                network, List.of("a", "b", "c"), NORMALIZATION, Preparation.ANY, drawn.parameters(), statistics);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        Dl4jZip.write(out, model);

        ComputationGraph restored =
                ModelSerializer.restoreComputationGraph(new ByteArrayInputStream(out.toByteArray()), false);
        Dl4jZip.Contents read = read(out.toByteArray());
        assertThat(read.parameters()).isEqualTo(drawn.parameters());
        assertThat(read.buffers()).isEqualTo(statistics);
        assertThat(read.network().spec().layers()).isEqualTo(spec.layers());
        assertSameOutputs(read, restored.outputSingle(images()));
    }

    @Test
    void otherEntriesAreNotOpened() throws IOException {
        byte[] good = zip(small());
        Map<String, byte[]> entries = unzip(good);
        entries.put("preprocessor.bin", "not a serialized object".getBytes(StandardCharsets.UTF_8));
        entries.put("normalizer.bin", new byte[] {1});
        assertThat(read(zip(entries)).parameters()).isEqualTo(read(good).parameters());
    }

    @Test
    void hostileZipsAreRefused() throws IOException {
        Map<String, byte[]> good = unzip(zip(small()));
        for (String name : List.of("../evil", "/etc/evil", "a/../../evil", "..\\evil", "C:evil")) {
            Map<String, byte[]> entries = new LinkedHashMap<>(Map.of(name, new byte[] {1}));
            entries.putAll(good);
            assertRefused(zip(entries), "\"" + name + "\"", "points outside");
        }
        Map<String, byte[]> bomb = new LinkedHashMap<>(good);
        bomb.put("coefficients.bin", new byte[50_000_000]);
        assertRefused(zip(bomb), "coefficients.bin", "times its size");
    }

    /** The memory of an optimizer that has not taken a step yet is all zeros. */
    @Test
    void whatIsPassedOverMayBeEmptyOfContent() throws IOException {
        Map<String, byte[]> entries = unzip(zip(small()));
        float[] parameters = read(zip(entries)).parameters();
        entries.put("updaterState.bin", new byte[50_000_000]);
        assertThat(read(zip(entries)).parameters()).isEqualTo(parameters);
    }

    @Test
    void theFormatBeforeBetaIsNamed() throws IOException {
        Map<String, byte[]> entries = unzip(zip(small()));
        entries.put(
                "configuration.json",
                "{\"confs\":[{\"layer\":{\"output\":{\"nin\":10}}}]}".getBytes(StandardCharsets.UTF_8));
        assertRefused(zip(entries), "before 1.0.0-beta", "save it again");
    }

    @Test
    void classesThatAreNotKnownAreNamed() throws IOException {
        assertRefused(
                changed("org.nd4j.linalg.activations.impl.ActivationTanH", "java.lang.ProcessBuilder"),
                "the class java.lang.ProcessBuilder");
        assertRefused(changed("conf.layers.DenseLayer", "conf.layers.LSTM"), "the layer LSTM", "ConvolutionLayer");
        assertRefused(changed("LossMCXENT", "LossHinge"), "the loss LossHinge after ActivationSoftmax");
        assertRefused(changed("\"confs\"", "\"other\""), "neither a MultiLayerNetwork's");
        assertRefused(changed("\"format\" : \"NCHW\"", "\"format\" : \"NHWC\""), "format = NHWC");
        assertRefused(changed("\"nout\" : 4", "\"nout\" : 0"), "at its layer 1", "units = 0");
        assertRefused(changed("\"nout\" : 4", "\"nout\" : 5"), "holds 1171 values where its configuration has");
        MultiLayerNetwork other = new MultiLayerNetwork(new NeuralNetConfiguration.Builder()
                .list()
                .layer(new LocalResponseNormalization())
                .layer(new OutputLayer.Builder().nOut(2).build())
                .setInputType(InputType.convolutional(12, 12, 2))
                .build());
        other.init();
        assertRefused(zip(other), "the layer LocalResponseNormalization");
    }

    /** Sums that would unfold without end, and graphs that no tree of blocks can say. */
    @Test
    void graphsThatDoNotNestAreRefused() throws IOException {
        StringBuilder fibonacci = new StringBuilder("act0:in,add1:act0+in");
        for (int i = 2; i < 70; i++) {
            fibonacci.append(",add" + i + ":add" + (i - 1) + "+" + (i == 2 ? "act0" : "add" + (i - 2)));
        }
        assertRefused(graph(fibonacci.toString()), "act0", "lies inside a sum");
        StringBuilder nested = new StringBuilder();
        for (int i = 2; i < 2000; i++) {
            nested.append(",act" + i + ":add" + (i - 1) + ",add" + i + ":act" + i + "+in");
        }
        assertRefused(graph("act1:in,add1:act1+in" + nested), "sums within sums");
        assertRefused(graph("act1:in,act2:act1,act3:act1,add1:act2+act3,add2:act2+in"), "act2", "lies inside a sum");
        assertRefused(graph("dense1:in,dense2:in"), "fc layer is not on the way");
        assertRefused(graph("act1:act2"), "an order in which act2 comes before");
    }

    /** Vertices as {@code name:input} or {@code name:input+input}; the last is followed by an output layer. */
    private static byte[] graph(String vertices) throws IOException {
        StringBuilder order = new StringBuilder();
        StringBuilder inputs = new StringBuilder();
        StringBuilder all = new StringBuilder();
        String last = "in";
        for (String vertex : (vertices + ",out:LAST").split(",")) {
            String name = vertex.substring(0, vertex.indexOf(':'));
            String from = vertex.substring(vertex.indexOf(':') + 1)
                    .replace("LAST", last)
                    .replace("+", "\",\"");
            order.append(",\"" + name + "\"");
            inputs.append(",\"" + name + "\":[\"" + from + "\"]");
            all.append(",\"" + name + "\":" + json(name));
            last = name;
        }
        String json = "{\"networkInputs\":[\"in\"],\"networkOutputs\":[\"out\"],\"topologicalOrderStr\":[\"in\"" + order
                + "],\"vertexInputs\":{" + inputs.substring(1) + "},\"vertices\":{" + all.substring(1) + "}}";
        Map<String, byte[]> entries = unzip(zip(small()));
        entries.put("configuration.json", json.getBytes(StandardCharsets.UTF_8));
        // As many values as one dense layer has.
        entries.put("coefficients.bin", coefficients(2 * 12 * 12 * 3 + 3));
        return zip(entries);
    }

    private static String json(String vertex) {
        if (vertex.startsWith("add")) {
            return "{\"@class\":\"org.deeplearning4j.nn.conf.graph.ElementWiseVertex\",\"op\":\"Add\"}";
        }
        String layer = vertex.startsWith("act")
                ? "\"org.deeplearning4j.nn.conf.layers.ActivationLayer\""
                : vertex.startsWith("dense")
                        ? "\"org.deeplearning4j.nn.conf.layers.DenseLayer\",\"nout\":3"
                        : "\"org.deeplearning4j.nn.conf.layers.LossLayer\",\"lossFn\":{\"@class\":"
                                + "\"org.nd4j.linalg.lossfunctions.impl.LossMSE\"}";
        return "{\"@class\":\"org.deeplearning4j.nn.conf.graph.LayerVertex\",\"layerConf\":{\"layer\":{\"@class\":"
                + layer + ",\"activationFn\":{\"@class\":\"org.nd4j.linalg.activations.impl."
                + (vertex.startsWith("act") ? "ActivationReLU" : "ActivationIdentity") + "\"}}}}";
    }

    private static byte[] coefficients(int length) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        Nd4j.write(Nd4j.randn(1, length), new DataOutputStream(bytes));
        return bytes.toByteArray();
    }

    /** What a few bytes claim costs nothing before it is there. */
    @Test
    void claimsAreCheckedAgainstWhatIsThere() throws IOException {
        Map<String, byte[]> entries = unzip(changed("\"nout\" : 3", "\"nout\" : 300000000"));
        ByteArrayOutputStream claim = new ByteArrayOutputStream();
        DataOutputStream out = new DataOutputStream(claim);
        out.writeUTF("X");
        out.writeLong(0);
        out.writeUTF("LONG");
        out.writeUTF("X");
        out.writeLong(288 * 4 + 4 + 4 * 300_000_000L + 300_000_000L);
        out.writeUTF("FLOAT");
        entries.put("coefficients.bin", claim.toByteArray());
        assertRefused(zip(entries), "coefficients.bin", "cut short");
        assertRefused(changed("\"nout\" : 3", "\"nout\" : 2000000000"), "2^31 - 1");
        entries.put("coefficients.bin", new byte[] {0, 1, -1, 0, 0, 0, 0, 0, 0, 0, 0, 0});
        assertRefused(zip(entries), "coefficients.bin", "garbled");
        entries.put(
                "configuration.json", ("{\"x\":\"" + "ab".repeat(20_000_000) + "\"}").getBytes(StandardCharsets.UTF_8));
        assertRefused(zip(entries), "configuration.json", "unpacks to more than");
    }

    /** Deeplearning4j writes a network's dropout into every layer, but heeds it in few; and takes images as vectors. */
    @Test
    void dropoutIsReadWhereDeeplearning4jHeedsIt() throws IOException {
        MultiLayerNetwork theirs = new MultiLayerNetwork(new NeuralNetConfiguration.Builder()
                .dropOut(0.8)
                .activation(Activation.RELU)
                .list()
                .layer(new DenseLayer.Builder().nIn(288).nOut(5).build())
                .layer(new ActivationLayer(Activation.TANH))
                .layer(new OutputLayer.Builder(LossFunction.MCXENT)
                        .nIn(5)
                        .nOut(3)
                        .activation(Activation.SOFTMAX)
                        .build())
                .build());
        theirs.init();
        Dl4jZip.Contents read = read(zip(theirs));
        assertThat(read.network().spec().layers().stream().map(LayerSpec::stem))
                .containsExactly("flatten", "dropout", "fc", "relu", "tanh", "dropout", "fc");
        assertSameOutputs(read, theirs.output(images().reshape(BATCH.size(), 288)));
    }

    @Test
    void malformedFilesAreRefused() throws IOException {
        byte[] good = zip(small());
        assertRefused(Arrays.copyOf(good, good.length / 2), "as a zip");
        assertRefused("no zip at all".getBytes(StandardCharsets.UTF_8), "no zip with");
        Map<String, byte[]> entries = unzip(good);
        byte[] coefficients = entries.put("coefficients.bin", new byte[] {0, 1});
        assertRefused(zip(entries), "coefficients.bin", "cut short");
        entries.put("coefficients.bin", Arrays.copyOf(coefficients, coefficients.length - 1));
        assertRefused(zip(entries), "coefficients.bin", "cut short");
        entries.remove("coefficients.bin");
        assertRefused(zip(entries), "no zip with coefficients.bin");
        entries.put("coefficients.bin", coefficients);
        entries.put("configuration.json", "{ \"confs\": [".getBytes(StandardCharsets.UTF_8));
        assertRefused(zip(entries), "configuration.json");
    }

    private static MultiLayerNetwork small() {
        MultiLayerNetwork network = new MultiLayerNetwork(new NeuralNetConfiguration.Builder()
                .list()
                .layer(new DenseLayer.Builder()
                        .nOut(4)
                        .activation(Activation.TANH)
                        .build())
                .layer(new OutputLayer.Builder(LossFunction.MCXENT)
                        .nOut(3)
                        .activation(Activation.SOFTMAX)
                        .build())
                .setInputType(InputType.convolutional(12, 12, 2))
                .build());
        network.init();
        return network;
    }

    private static byte[] changed(String from, String to) throws IOException {
        Map<String, byte[]> entries = unzip(zip(small()));
        String json = new String(entries.get("configuration.json"), StandardCharsets.UTF_8);
        assertThat(json).contains(from);
        entries.put("configuration.json", json.replace(from, to).getBytes(StandardCharsets.UTF_8));
        return zip(entries);
    }

    private static Dl4jZip.Contents read(byte[] zip) throws IOException {
        return Dl4jZip.read(new ByteArrayInputStream(zip), "model.zip", INPUT);
    }

    private static void assertRefused(byte[] zip, String... parts) {
        assertThatThrownBy(() -> read(zip))
                .isInstanceOf(ConvoyException.class)
                .message()
                .contains("model.zip")
                .contains(parts)
                .doesNotContain("\n");
    }

    private static INDArray images() {
        return Nd4j.create(NORMALIZATION.apply(BATCH), new long[] {BATCH.size(), 2, 12, 12}, 'c');
    }

    /** Their probabilities, and the softmax of what Convoy gives on both backends. */
    private static void assertSameOutputs(Dl4jZip.Contents read, INDArray theirs) {
        assertThat(read.network().spec().loss()).isEqualTo(Loss.SOFTMAX_CROSS_ENTROPY);
        double[] expected = theirs.dup('c').data().asDouble();
        for (String backend : List.of("dl4j", "torch")) {
            try (Replica replica = ComputeBackend.named(backend).newReplica(read.network(), NORMALIZATION)) {
                replica.parameters().set(read.parameters());
                replica.buffers().set(read.buffers());
                double[] logits = replica.outputs(BATCH);
                for (int row = 0; row < BATCH.size(); row++) {
                    double sum = 0;
                    for (int i = 3 * row; i < 3 * row + 3; i++) {
                        logits[i] = Math.exp(logits[i]);
                        sum += logits[i];
                    }
                    for (int i = 3 * row; i < 3 * row + 3; i++) {
                        logits[i] /= sum;
                    }
                }
                assertThat(logits).as(backend).containsExactly(expected, within(1e-5));
            }
        }
    }

    private static byte[] zip(Model model) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ModelSerializer.writeModel(model, out, true);
        return out.toByteArray();
    }

    private static byte[] zip(Map<String, byte[]> entries) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(out)) {
            for (Map.Entry<String, byte[]> entry : entries.entrySet()) {
                zip.putNextEntry(new ZipEntry(entry.getKey()));
                zip.write(entry.getValue());
            }
        }
        return out.toByteArray();
    }

    private static Map<String, byte[]> unzip(byte[] bytes) throws IOException {
        Map<String, byte[]> entries = new LinkedHashMap<>();
        try (ZipInputStream zip = new ZipInputStream(new ByteArrayInputStream(bytes))) {
            for (ZipEntry entry = zip.getNextEntry(); entry != null; entry = zip.getNextEntry()) {
                entries.put(entry.getName(), zip.readAllBytes());
            }
        }
        return entries;
    }
}
