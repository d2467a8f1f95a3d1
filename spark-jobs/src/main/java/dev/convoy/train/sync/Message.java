package dev.convoy.train.sync;

import dev.convoy.data.ObjectBytes;
import java.io.Serializable;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * A small object and large vectors on their way over Spark, as arrays of bytes: the object by Java's serialization first, the lengths of
 * the vectors, then each vector as little-endian floats in arrays of its own, several if it has more floats than an array of bytes can
 * hold. Every serializer of Spark's can carry these.
 */
public final class Message {
    /** Floats in an array, which cannot have more than 2^31 - 1 bytes. */
    private static final int MOST = 1 << 28;

    /** The arrays before those of vectors. */
    private static final int BEFORE = 2;

    private Message() {}

    /**
     * Writes a message.
     *
     * @param head all but the vectors
     */
    public static byte[][] write(Serializable head, List<float[]> vectors) {
        return write(head, vectors, MOST);
    }

    /**
     * Writes a message.
     *
     * @param most floats in an array
     */
    static byte[][] write(Serializable head, List<float[]> vectors, int most) {
        int[] lengths = vectors.stream().mapToInt(vector -> vector.length).toArray();
        return Stream.concat(
                        Stream.of(ObjectBytes.write(head), ObjectBytes.write(lengths)),
                        vectors.stream().flatMap(vector -> pieces(vector, most)))
                .toArray(byte[][]::new);
    }

    private static Stream<byte[]> pieces(float[] vector, int most) {
        int pieces = vector.length / most + (vector.length % most == 0 ? 0 : 1);
        return IntStream.range(0, pieces).mapToObj(piece -> {
            int from = piece * most;
            int count = Math.min(most, vector.length - from);
            byte[] bytes = new byte[count * Float.BYTES];
            floats(bytes).put(vector, from, count);
            return bytes;
        });
    }

    private static FloatBuffer floats(byte[] bytes) {
        return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer();
    }

    /** The object of a message. */
    public static <T> T head(byte[][] message, Class<T> type) {
        return ObjectBytes.read(message[0], type);
    }

    /** The number of vectors. */
    public static int vectors(byte[][] message) {
        return lengths(message).length;
    }

    private static int[] lengths(byte[][] message) {
        return ObjectBytes.read(message[1], int[].class);
    }

    /** A copy of one of the vectors, from 0. */
    public static float[] vector(byte[][] message, int index) {
        int[] lengths = lengths(message);
        int array = BEFORE;
        for (int i = 0; i < index; i++) {
            for (int left = lengths[i]; left > 0; array++) {
                left -= message[array].length / Float.BYTES;
            }
        }
        FloatBuffer values = FloatBuffer.allocate(lengths[index]);
        for (; values.hasRemaining(); array++) {
            values.put(floats(message[array]));
        }
        return values.array();
    }
}
