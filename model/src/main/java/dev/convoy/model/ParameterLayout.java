package dev.convoy.model;

import dev.convoy.model.layer.TensorSpec;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * The canonical order of a network's numbers, which all backends share. Trained tensors lie in one flat vector, buffers in
 * another; layer by layer, the bias after its weight, convolution kernels OIHW, dense weights {@code [out, in]}.
 */
public final class ParameterLayout {
    /**
     * A tensor and its place.
     *
     * @param name with the layer's, for example {@code conv1.weight}
     * @param offset of its first value in the vector of parameters, or of buffers
     */
    public record Entry(String name, TensorSpec tensor, int offset) {
        /** Whether the tensor lies in the vector of buffers, not in that of parameters. */
        public boolean isBuffer() {
            return tensor.role() == TensorSpec.Role.BUFFER;
        }

        /** The number of values. */
        public int size() {
            return tensor.size();
        }
    }

    private final List<Entry> entries = new ArrayList<>();
    private int parameters;
    private int buffers;

    ParameterLayout() {}

    Entry add(String layer, TensorSpec tensor) {
        boolean buffer = tensor.role() == TensorSpec.Role.BUFFER;
        Entry entry = new Entry(layer + "." + tensor.name(), tensor, buffer ? buffers : parameters);
        if (buffer) {
            buffers = Math.addExact(buffers, tensor.size());
        } else {
            parameters = Math.addExact(parameters, tensor.size());
        }
        entries.add(entry);
        return entry;
    }

    /** All tensors, in order. */
    public List<Entry> entries() {
        return List.copyOf(entries);
    }

    /** Length of the vector of trained parameters. */
    public int parameterCount() {
        return parameters;
    }

    /** Length of the vector of buffers. */
    public int bufferCount() {
        return buffers;
    }

    /** 1 where a parameter is subject to weight decay, else 0. */
    public float[] decayMask() {
        float[] mask = new float[parameters];
        decayMask(0, FloatBuffer.wrap(mask));
        return mask;
    }

    /**
     * A part of {@link #decayMask()}.
     *
     * @param first parameter that it is for
     * @param target filled from its position to its limit, which stay
     */
    public void decayMask(int first, FloatBuffer target) {
        FloatBuffer part = target.slice();
        for (Entry entry : entries) {
            if (!entry.isBuffer()) {
                float value = entry.tensor().role() == TensorSpec.Role.DECAYED ? 1 : 0;
                int end = Math.min(entry.offset() + entry.size() - first, part.limit());
                for (int i = Math.max(entry.offset() - first, 0); i < end; i++) {
                    part.put(i, value);
                }
            }
        }
    }
}
