package dev.convoy.train.sync;

import dev.convoy.data.ObjectBytes;
import java.io.Serializable;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.stream.Stream;

/**
 * A small object and large vectors on their way over Spark, as arrays of bytes: the object by Java's serialization first, then each
 * vector as little-endian floats in an array of its own. Every serializer of Spark's can carry these.
 */
public final class Message {
    private Message() {}

    /**
     * Writes a message.
     *
     * @param head all but the vectors
     */
    public static byte[][] write(Serializable head, List<float[]> vectors) {
        return Stream.concat(
                        Stream.of(ObjectBytes.write(head)), vectors.stream().map(Message::bytes))
                .toArray(byte[][]::new);
    }

    /** The object of a message. */
    public static <T> T head(byte[][] message, Class<T> type) {
        return ObjectBytes.read(message[0], type);
    }

    /** The number of vectors. */
    public static int vectors(byte[][] message) {
        return message.length - 1;
    }

    /** A copy of one of the vectors, from 0. */
    public static float[] vector(byte[][] message, int index) {
        byte[] bytes = message[index + 1];
        float[] values = new float[bytes.length / Float.BYTES];
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(values);
        return values;
    }

    private static byte[] bytes(float[] values) {
        // An array cannot have more than 2^31 - 1 bytes.
        byte[] bytes = new byte[Math.multiplyExact(values.length, Float.BYTES)];
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().put(values);
        return bytes;
    }
}
