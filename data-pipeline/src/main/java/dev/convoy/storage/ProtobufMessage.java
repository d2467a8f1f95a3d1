package dev.convoy.storage;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A message of Protocol Buffers that is being written, field by field, in their wire format (protobuf.dev, "Encoding"). Enough for files
 * of a few kinds of messages, which need no generated classes. Large values are kept as they are, not copied.
 */
public final class ProtobufMessage {
    private static final int VARINT = 0;
    private static final int FIXED64 = 1;
    private static final int LENGTH_DELIMITED = 2;
    private static final int FIXED32 = 5;

    private final List<byte[]> parts = new ArrayList<>();
    private long length;

    /** Adds an integer, a Boolean (1 for true) or a constant of an enumeration. */
    public ProtobufMessage integer(int field, long value) {
        return tag(field, VARINT).add(varint(value));
    }

    /** Adds integers that are packed into one field. */
    public ProtobufMessage integers(int field, long... values) {
        ByteArrayOutputStream packed = new ByteArrayOutputStream();
        for (long value : values) {
            packed.writeBytes(varint(value));
        }
        return bytes(field, packed.toByteArray());
    }

    /** Adds a number in single precision. */
    public ProtobufMessage single(int field, float value) {
        return tag(field, FIXED32).add(littleEndian(4).putFloat(value).array());
    }

    /** Adds a number in double precision. */
    public ProtobufMessage real(int field, double value) {
        return tag(field, FIXED64).add(littleEndian(8).putDouble(value).array());
    }

    /** Adds numbers in double precision that are packed into one field. */
    public ProtobufMessage reals(int field, double... values) {
        ByteBuffer packed = littleEndian(Math.multiplyExact(8, values.length));
        packed.asDoubleBuffer().put(values);
        return bytes(field, packed.array());
    }

    /** Adds text, in UTF-8. */
    public ProtobufMessage text(int field, String value) {
        return bytes(field, value.getBytes(StandardCharsets.UTF_8));
    }

    /**
     * Adds bytes.
     *
     * @param value not copied
     */
    public ProtobufMessage bytes(int field, byte[] value) {
        return tag(field, LENGTH_DELIMITED).add(varint(value.length)).add(value);
    }

    /** Adds a message as it is now. */
    public ProtobufMessage message(int field, ProtobufMessage value) {
        tag(field, LENGTH_DELIMITED).add(varint(value.length));
        parts.addAll(value.parts);
        length += value.length;
        return this;
    }

    /** The number of bytes that {@link #writeTo} writes. */
    public long length() {
        return length;
    }

    /** Writes the message, without its length. */
    public void writeTo(OutputStream out) throws IOException {
        for (byte[] part : parts) {
            out.write(part);
        }
    }

    /** The message's bytes. */
    public byte[] toBytes() {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try {
            writeTo(bytes);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }

    private ProtobufMessage tag(int field, int wireType) {
        return add(varint((long) field << 3 | wireType));
    }

    private ProtobufMessage add(byte[] part) {
        parts.add(part);
        length += part.length;
        return this;
    }

    /** Seven bits a byte, the lowest first; a negative number takes ten bytes. */
    private static byte[] varint(long value) {
        byte[] bytes = new byte[10];
        int count = 0;
        long rest = value;
        do {
            long more = rest >>> 7;
            bytes[count++] = (byte) (rest & 0x7F | (more == 0 ? 0 : 0x80));
            rest = more;
        } while (rest != 0);
        return Arrays.copyOf(bytes, count);
    }

    private static ByteBuffer littleEndian(int size) {
        return ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
    }
}
