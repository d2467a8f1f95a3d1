package dev.convoy.train.rounds;

import dev.convoy.collective.Compression;
import java.io.Serializable;

/** The vector of a contribution on its way to the driver. */
sealed interface Payload extends Serializable {
    /** The values in single precision; the array is the caller's. */
    float[] floats();

    /** Packs an array, which is taken over. */
    static Payload of(float[] values, Compression compression) {
        return compression == Compression.NONE ? new Whole(values) : new Half(Bfloat16.round(values));
    }

    /** A vector that a task of this process has left. */
    record Local(LocalVectors vectors, int rank) implements Payload {
        @Override
        public float[] floats() {
            return vectors.of(rank);
        }
    }

    /** A vector in single precision. */
    record Whole(float[] floats) implements Payload {}

    /** A vector in bfloat16. */
    record Half(short[] bits) implements Payload {
        @Override
        public float[] floats() {
            return Bfloat16.widen(bits);
        }
    }
}
