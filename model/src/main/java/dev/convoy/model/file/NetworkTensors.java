package dev.convoy.model.file;

import dev.convoy.data.ConvoyException;
import dev.convoy.model.ModelState;
import dev.convoy.model.Network;
import dev.convoy.model.ParameterLayout;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Vectors of a network as named tensors of one safetensors file: models, and what is as long as their parameters, such as the memory of an
 * optimizer. The names are those of the network's tensors, behind a prefix for each vector. Values keep their bits. An example:
 *
 * <pre>
 * new NetworkTensors(network).putModel("", model).putParameters("momentum.", slot).write(out)
 * NetworkTensors tensors = NetworkTensors.read(in, file, network)
 * tensors.model("")                       conv1.weight, conv1.bias, ...
 * tensors.parameters("momentum.")         momentum.conv1.weight, ...
 * tensors.checkAllRead()
 * </pre>
 */
public final class NetworkTensors {
    private final String file;
    private final Network network;
    private final Map<String, Safetensors.Tensor> tensors;

    private NetworkTensors(String file, Network network, Map<String, Safetensors.Tensor> tensors) {
        this.file = file;
        this.network = network;
        this.tensors = tensors;
    }

    /** Makes a set of tensors that is to be written, without any yet. */
    public NetworkTensors(Network network) {
        this("", network, new LinkedHashMap<>());
    }

    /** Adds a model's parameters and buffers, copied. */
    public NetworkTensors putModel(String prefix, ModelState model) {
        for (ParameterLayout.Entry entry : network.layout().entries()) {
            put(prefix, entry, entry.isBuffer() ? model.buffers() : model.parameters());
        }
        return this;
    }

    /** Adds a vector that is as long as the parameters, copied. */
    public NetworkTensors putParameters(String prefix, float[] vector) {
        for (ParameterLayout.Entry entry : network.layout().entries()) {
            if (!entry.isBuffer()) {
                put(prefix, entry, vector);
            }
        }
        return this;
    }

    private void put(String prefix, ParameterLayout.Entry entry, float[] vector) {
        float[] values = Arrays.copyOfRange(vector, entry.offset(), entry.offset() + entry.size());
        tensors.put(prefix + entry.name(), new Safetensors.Tensor(entry.tensor().shape(), values));
    }

    /** The tensors by their names, in the order in which they were added. */
    Map<String, Safetensors.Tensor> asMap() {
        return tensors;
    }

    /** Writes the file; does not close the stream. */
    public void write(OutputStream out) throws IOException {
        Safetensors.write(out, tensors, Map.of("format", "pt", "producer", "convoy"));
    }

    /**
     * Reads a file that was written for such a network; does not close the stream.
     *
     * @param file how messages call it
     * @throws ConvoyException if it is no safetensors file
     */
    public static NetworkTensors read(InputStream in, String file, Network network) throws IOException {
        return new NetworkTensors(file, network, new LinkedHashMap<>(Safetensors.read(in, file, name -> true)));
    }

    /**
     * Takes a model out.
     *
     * @throws ConvoyException if a tensor is missing or misshapen
     */
    public ModelState model(String prefix) {
        float[] parameters = new float[network.layout().parameterCount()];
        float[] buffers = new float[network.layout().bufferCount()];
        for (ParameterLayout.Entry entry : network.layout().entries()) {
            take(prefix, entry, entry.isBuffer() ? buffers : parameters);
        }
        return new ModelState(parameters, buffers);
    }

    /**
     * Takes out a vector that is as long as the parameters.
     *
     * @throws ConvoyException if a tensor is missing or misshapen
     */
    public float[] parameters(String prefix) {
        float[] vector = new float[network.layout().parameterCount()];
        for (ParameterLayout.Entry entry : network.layout().entries()) {
            if (!entry.isBuffer()) {
                take(prefix, entry, vector);
            }
        }
        return vector;
    }

    private void take(String prefix, ParameterLayout.Entry entry, float[] vector) {
        String name = prefix + entry.name();
        List<Integer> shape = entry.tensor().shape();
        Safetensors.Tensor tensor = tensors.remove(name);
        if (tensor == null || !tensor.shape().equals(shape)) {
            throw new ConvoyException("Cannot load " + file + ": " + name + " should be " + shape + " but is "
                    + (tensor == null ? "missing" : tensor.shape()));
        }
        System.arraycopy(tensor.values(), 0, vector, entry.offset(), entry.size());
    }

    /**
     * Fails if there is a tensor that was not taken out.
     *
     * @throws ConvoyException naming it
     */
    public void checkAllRead() {
        if (!tensors.isEmpty()) {
            throw new ConvoyException("Cannot load " + file + ": "
                    + tensors.keySet().iterator().next() + " is not in the network"
                    + (tensors.size() == 1 ? "" : "; nor are " + (tensors.size() - 1) + " others"));
        }
    }
}
