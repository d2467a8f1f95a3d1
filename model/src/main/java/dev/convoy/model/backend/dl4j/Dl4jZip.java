package dev.convoy.model.backend.dl4j;

import com.fasterxml.jackson.core.JsonProcessingException;
import dev.convoy.data.ConvoyException;
import dev.convoy.data.ImageShape;
import dev.convoy.data.Printable;
import dev.convoy.model.Json;
import dev.convoy.model.Network;
import dev.convoy.model.NetworkSpec;
import dev.convoy.model.ParameterLayout;
import dev.convoy.model.backend.Placement;
import dev.convoy.model.file.TrainedModel;
import dev.convoy.model.layer.LayerSpec;
import java.io.CharConversionException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.util.ModelSerializer;
import org.nd4j.linalg.api.buffer.DataType;

/**
 * Deeplearning4j's own model files. Of one that is read, only {@code configuration.json} and {@code coefficients.bin} are
 * looked at: its other entries can hide code that Deeplearning4j would run.
 */
public final class Dl4jZip {
    private static final String CONFIGURATION = "configuration.json";
    private static final String COEFFICIENTS = "coefficients.bin";

    /** What is read, and how far it may unpack: text shrinks well, weights hardly. */
    private static final Map<String, ZipEntries.Limits> WANTED = Map.of(
            CONFIGURATION, new ZipEntries.Limits(16 << 20, 200),
            COEFFICIENTS, new ZipEntries.Limits(Integer.MAX_VALUE - 16, 20));

    /**
     * What such a file holds.
     *
     * @param parameters in the canonical layout
     * @param buffers in the canonical layout
     */
    public record Contents(Network network, float[] parameters, float[] buffers) {}

    private Dl4jZip() {}

    /**
     * Reads a MultiLayerNetwork or a ComputationGraph; needs no natives. Does not close the stream.
     *
     * @param file how messages call it
     * @param input the shape of the images, which the file does not tell
     * @throws ConvoyException if the file is malformed or hostile, or its network has something that Convoy has not
     */
    public static Contents read(InputStream in, String file, ImageShape input) throws IOException {
        Map<String, byte[]> entries = ZipEntries.read(in, file, WANTED);
        try {
            ConfigurationReader.Description description =
                    ConfigurationReader.read(Json.MAPPER.readTree(entries.get(CONFIGURATION)), file, input);
            Network network = bind(description.spec(), file, input);
            ParameterLayout layout = network.layout();
            int values = Math.addExact(layout.parameterCount(), layout.bufferCount());
            float[] coefficients = Coefficients.read(entries.get(COEFFICIENTS), values, file);
            return contents(file, network, description.stored(), coefficients);
        } catch (ArithmeticException e) {
            throw new ConvoyException("Cannot use the network in " + file + ": it has more than 2^31 - 1 values", e);
        } catch (JsonProcessingException | CharConversionException e) {
            throw new ConvoyException(
                    "Cannot read " + CONFIGURATION + " in " + file + ": " + Printable.firstLine(e), e);
        }
    }

    private static Network bind(NetworkSpec spec, String file, ImageShape input) {
        try {
            return spec.bind(input);
        } catch (ConvoyException e) {
            throw new ConvoyException("Cannot use the network in " + file + ": " + e.getMessage(), e);
        }
    }

    private static Contents contents(
            String file, Network network, List<LayerReader.Stored> stored, float[] coefficients) {
        float[] parameters = new float[network.layout().parameterCount()];
        float[] buffers = new float[network.layout().bufferCount()];
        int position = 0;
        for (LayerReader.Stored layerInFile : stored) {
            // The very object that was read, since two layers may be equal.
            Network.Layer layer = network.allLayers().stream()
                    .filter(candidate -> candidate.spec() == layerInFile.layer())
                    .findFirst()
                    .orElseThrow(() -> new ConvoyException("Cannot use the network in " + file + ": its "
                            + layerInFile.layer().stem() + " layer is not on the way from its input to its output"));
            for (ParameterLayout.Entry entry : inTheirOrder(layer)) {
                float[] target = entry.isBuffer() ? buffers : parameters;
                System.arraycopy(coefficients, position, target, entry.offset(), entry.size());
                position += entry.size();
                if (layerInFile.logDeviation() && entry.tensor().name().equals("running_var")) {
                    for (int i = entry.offset(); i < entry.offset() + entry.size(); i++) {
                        target[i] = (float) Math.pow(10, 2 * target[i]);
                    }
                }
            }
        }
        return new Contents(network, parameters, buffers);
    }

    /** A convolution's bias comes before its kernels there. */
    private static List<ParameterLayout.Entry> inTheirOrder(Network.Layer layer) {
        List<ParameterLayout.Entry> tensors = layer.tensors();
        return layer.spec() instanceof LayerSpec.Conv2d && tensors.size() == 2
                ? List.of(tensors.get(1), tensors.get(0))
                : tensors;
    }

    /**
     * Writes a ComputationGraph that Deeplearning4j's ModelSerializer restores; inputs are normalised images. Does not
     * close the stream.
     *
     * @throws ConvoyException if Deeplearning4j lacks something that the network has
     */
    public static void write(OutputStream out, TrainedModel model) throws IOException {
        NetworkSpec spec = model.network().spec();
        // What was frozen in training is a plain layer in a model.
        Network network = spec.withFreeze(List.of()).bind(model.network().input());
        new Dl4jBackend().checkSupport(network, Placement.CPU);
        NativeLibraries.load();
        ComputationGraph graph =
                new ComputationGraph(GraphBuilder.build(network, new StandardParts(spec.loss()), DataType.FLOAT));
        try {
            graph.init();
            FlatBuffer flat = new FlatBuffer(graph.params());
            for (GraphTensors.Block block : GraphTensors.locate(graph, network)) {
                ParameterLayout.Entry entry = block.entry();
                float[] values = entry.isBuffer() ? model.buffers() : model.parameters();
                flat.write(block.graphOffset(), values, entry.offset(), entry.size());
            }
            ModelSerializer.writeModel(graph, out, false);
        } finally {
            graph.close();
        }
    }
}
