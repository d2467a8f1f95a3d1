package dev.convoy.model;

import dev.convoy.data.ConvoyException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/** A file's tensors on their way into the vectors of a network. */
final class NamedTensors {
    private final String file;
    private final Map<String, Safetensors.Tensor> tensors;

    private NamedTensors(String file, Map<String, Safetensors.Tensor> tensors) {
        this.file = file;
        this.tensors = tensors;
    }

    /**
     * Reads a safetensors file; PyTorch's counters of batches, which nothing here needs, are left out.
     *
     * @param hint what to do if the file is not there
     */
    static NamedTensors read(FileSystem files, Path file, String hint) throws IOException {
        try (InputStream in = open(files, file, hint)) {
            return new NamedTensors(
                    file.toString(),
                    Safetensors.read(in, file.toString(), name -> !name.endsWith(".num_batches_tracked")));
        }
    }

    /** A network's own tensors, under Convoy's names, copied. */
    static NamedTensors of(String origin, Network network, float[] parameters, float[] buffers) {
        Map<String, Safetensors.Tensor> tensors = new LinkedHashMap<>();
        for (ParameterLayout.Entry entry : network.layout().entries()) {
            float[] values = Arrays.copyOfRange(
                    entry.isBuffer() ? buffers : parameters, entry.offset(), entry.offset() + entry.size());
            tensors.put(entry.name(), new Safetensors.Tensor(entry.tensor().shape(), values));
        }
        return new NamedTensors(origin, tensors);
    }

    /** By name, in the network's order. */
    Map<String, Safetensors.Tensor> asMap() {
        return tensors;
    }

    static InputStream open(FileSystem files, Path file, String hint) throws IOException {
        try {
            return files.open(file);
        } catch (FileNotFoundException e) {
            throw new ConvoyException("Cannot find " + file + "; " + hint, e);
        }
    }

    /**
     * Copies every tensor to its place.
     *
     * @param otherName what the file may call a tensor instead
     * @param left layout entries that keep their values, whatever the file holds
     * @throws ConvoyException naming every tensor that is missing, misshapen or superfluous; vectors are then unchanged
     */
    void fill(
            Network network,
            UnaryOperator<String> otherName,
            Set<ParameterLayout.Entry> left,
            float[] parameters,
            float[] buffers) {
        Map<String, Safetensors.Tensor> unused = new LinkedHashMap<>(tensors);
        Map<ParameterLayout.Entry, float[]> values = new LinkedHashMap<>();
        List<String> wrong = new ArrayList<>();
        for (ParameterLayout.Entry entry : network.layout().entries()) {
            Safetensors.Tensor own = unused.remove(entry.name());
            Safetensors.Tensor tensor = own == null ? unused.remove(otherName.apply(entry.name())) : own;
            List<Integer> shape = entry.tensor().shape();
            if (left.contains(entry)) {
                continue;
            } else if (tensor == null) {
                wrong.add(entry.name() + " should be " + shape + " but is missing");
            } else if (!tensor.shape().equals(shape)) {
                wrong.add(entry.name() + " should be " + shape + " but is " + tensor.shape());
            } else {
                values.put(entry, tensor.values());
            }
        }
        unused.keySet().forEach(name -> wrong.add(name + " is not in the network"));
        if (!wrong.isEmpty()) {
            throw new ConvoyException("Cannot load " + file + ": " + String.join("; ", wrong));
        }
        values.forEach((entry, from) ->
                System.arraycopy(from, 0, entry.isBuffer() ? buffers : parameters, entry.offset(), entry.size()));
    }
}
