package dev.convoy.train.rounds;

import dev.convoy.collective.Compression;
import java.io.Serializable;

/** A vector on its way to another process. */
sealed interface Payload extends Serializable {
    /** The values in single precision; the array is the caller's. */
    float[] floats();

    static Payload of(float[] values, Compression compression) {
        return compression == Compression.NONE ? new Whole(values) : new Half(Bfloat16.round(values));
    }

    /** Of a task in this process. */
    record Local(LocalVectors vectors, int rank) implements Payload {
        @Override
        public float[] floats() {
            return vectors.of(rank);
        }
    }

    /** As it is. */
    record Whole(float[] floats) implements Payload {}

    /** In bfloat16. */
    record Half(short[] bits) implements Payload {
        @Override
        public float[] floats() {
            return Bfloat16.widen(bits);
        }
    }
}
