package dev.convoy.model.backend.torch;

import java.util.concurrent.atomic.LongAdder;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** Floats between the Java heap and a tensor on whatever device; temporary tensors belong to the caller's scope. */
final class HostMemory {
    /** A GPU is waited for with each. */
    private static final LongAdder READS = new LongAdder();

    private HostMemory() {}

    /** A flat tensor in the host's memory. */
    static Tensor tensorOf(float[] values) {
        Tensor tensor = torch.empty(values.length);
        new FloatPointer(tensor.data_ptr()).put(values);
        return tensor;
    }

    /** Fills a contiguous tensor of floats. */
    static void write(float[] values, Tensor target) {
        if (values.length == 0) {
            // An empty tensor has no memory.
            return;
        }
        if (target.is_cpu()) {
            new FloatPointer(target.data_ptr()).put(values);
        } else {
            target.copy_(tensorOf(values));
        }
    }

    /** How often this process has read a tensor. */
    static long reads() {
        return READS.sum();
    }

    /** Brings a tensor into the host's memory. */
    static Tensor toHost(Tensor source) {
        READS.increment();
        return source.cpu();
    }

    /** The value of a tensor that has one. */
    static double readOne(Tensor source) {
        READS.increment();
        return source.item_double();
    }

    /** A tensor's values in row-major order, as floats. */
    static float[] read(Tensor source) {
        float[] values = new float[Math.toIntExact(source.numel())];
        if (values.length > 0) {
            new FloatPointer(toHost(source).to(ScalarType.Float).contiguous().data_ptr()).get(values);
        }
        return values;
    }
}
