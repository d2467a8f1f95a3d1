package dev.convoy.model.backend.dl4j;

import java.nio.DoubleBuffer;
import java.nio.FloatBuffer;
import org.bytedeco.javacpp.DoublePointer;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.Pointer;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.concurrency.AffinityManager.Location;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * The host memory of a contiguous array, written and read in blocks of floats; valid while the array is. Where the array
 * also lives on a GPU, ND4J is told of what changed.
 */
final class FlatBuffer {
    private final INDArray array;
    private final Values values;

    FlatBuffer(INDArray array) {
        this.array = array;
        this.values = array.isEmpty() ? new Floats(FloatBuffer.allocate(0)) : values(array);
    }

    private static Values values(INDArray array) {
        Nd4j.getAffinityManager().ensureLocation(array, Location.HOST);
        Pointer start = array.data().addressPointer();
        long end = array.offset() + array.length();
        return array.dataType() == DataType.DOUBLE
                ? new Doubles(new DoublePointer(start).capacity(end).asBuffer())
                : new Floats(new FloatPointer(start).capacity(end).asBuffer());
    }

    /**
     * Copies floats into the array.
     *
     * @param position counts from the start of the memory that the array is a view of
     */
    void write(int position, float[] source, int from, int count) {
        values.write(position, source, from, count);
        Nd4j.getAffinityManager().tagLocation(array, Location.HOST);
    }

    void read(int position, float[] target, int from, int count) {
        Nd4j.getAffinityManager().ensureLocation(array, Location.HOST);
        values.read(position, target, from, count);
    }

    private sealed interface Values {
        void write(int position, float[] source, int from, int count);

        void read(int position, float[] target, int from, int count);
    }

    private record Floats(FloatBuffer buffer) implements Values {
        @Override
        public void write(int position, float[] source, int from, int count) {
            buffer.put(position, source, from, count);
        }

        @Override
        public void read(int position, float[] target, int from, int count) {
            buffer.get(position, target, from, count);
        }
    }

    private record Doubles(DoubleBuffer buffer) implements Values {
        @Override
        public void write(int position, float[] source, int from, int count) {
            for (int i = 0; i < count; i++) {
                buffer.put(position + i, source[from + i]);
            }
        }

        @Override
        public void read(int position, float[] target, int from, int count) {
            for (int i = 0; i < count; i++) {
                target[from + i] = (float) buffer.get(position + i);
            }
        }
    }
}
