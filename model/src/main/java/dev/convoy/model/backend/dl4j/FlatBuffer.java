package dev.convoy.model.backend.dl4j;

import java.nio.DoubleBuffer;
import java.nio.FloatBuffer;
import org.bytedeco.javacpp.DoublePointer;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.Pointer;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** The memory of a contiguous array, written and read in blocks of floats. */
interface FlatBuffer {
    void write(int position, float[] source, int from, int count);

    void read(int position, float[] target, int from, int count);

    /** A view of this array's memory; valid while the array is. */
    static FlatBuffer of(INDArray array) {
        if (array.isEmpty()) {
            // A graph without parameters has no memory for them.
            return new Floats(FloatBuffer.allocate(0));
        }
        Pointer start = array.data().addressPointer();
        long end = array.offset() + array.length();
        if (array.dataType() == DataType.DOUBLE) {
            return new Doubles(new DoublePointer(start).capacity(end).asBuffer());
        }
        return new Floats(new FloatPointer(start).capacity(end).asBuffer());
    }

    /** Single precision. */
    record Floats(FloatBuffer buffer) implements FlatBuffer {
        @Override
        public void write(int position, float[] source, int from, int count) {
            buffer.put(position, source, from, count);
        }

        @Override
        public void read(int position, float[] target, int from, int count) {
            buffer.get(position, target, from, count);
        }
    }

    /** Double precision. */
    record Doubles(DoubleBuffer buffer) implements FlatBuffer {
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
