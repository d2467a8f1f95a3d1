package dev.convoy.model.file;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.convoy.data.ConvoyException;
import java.io.CharConversionException;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Predicate;

/**
 * Named float tensors in the safetensors format (huggingface/safetensors): the header's length as a little-endian 64-bit
 * number, the header as JSON, then the values as little-endian 32-bit floats. Reads nothing but data: no code can hide
 * in such a file.
 */
public final class Safetensors {
    /** The format's own bound on the header. */
    private static final int MAX_HEADER_BYTES = 100_000_000;

    private static final ObjectMapper MAPPER = new ObjectMapper();

    /**
     * A tensor.
     *
     * @param values row-major; not copied
     */
    public record Tensor(List<Integer> shape, float[] values) {}

    private Safetensors() {}

    /** Writes the tensors in the map's order, metadata sorted: equal content gives equal bytes. Does not close the stream. */
    public static void write(OutputStream out, Map<String, Tensor> tensors, Map<String, String> metadata)
            throws IOException {
        ObjectNode header = MAPPER.createObjectNode();
        header.set("__metadata__", MAPPER.valueToTree(new TreeMap<>(metadata)));
        long offset = 0;
        for (Map.Entry<String, Tensor> tensor : tensors.entrySet()) {
            long end = offset + 4L * tensor.getValue().values().length;
            ObjectNode entry = header.putObject(tensor.getKey());
            entry.put("dtype", "F32");
            entry.set("shape", MAPPER.valueToTree(tensor.getValue().shape()));
            entry.putArray("data_offsets").add(offset).add(end);
            offset = end;
        }
        String json = MAPPER.writeValueAsString(header);
        // Padded to a multiple of 8, so that the values are aligned.
        byte[] bytes = (json + " ".repeat((8 - json.getBytes(StandardCharsets.UTF_8).length % 8) % 8))
                .getBytes(StandardCharsets.UTF_8);
        out.write(littleEndian(8).putLong(bytes.length).array());
        out.write(bytes);
        for (Tensor tensor : tensors.values()) {
            ByteBuffer values = littleEndian(4 * tensor.values().length);
            values.asFloatBuffer().put(tensor.values());
            out.write(values.array());
        }
    }

    /**
     * Reads tensors of type F32, F16, BF16 or F64, as single precision; does not close the stream.
     *
     * @param file how messages call it
     * @param wanted of a tensor's name; others are left out, whatever their type
     * @throws ConvoyException if the file is malformed, cut short or longer than it says, or a tensor that is wanted has another type
     */
    public static Map<String, Tensor> read(InputStream in, String file, Predicate<String> wanted) throws IOException {
        DataInputStream data = new DataInputStream(in);
        try {
            long length = Long.reverseBytes(data.readLong());
            if (length < 2 || length > MAX_HEADER_BYTES) {
                throw new ConvoyException("Cannot read " + file + " as safetensors: its header is said to be " + length
                        + " bytes, allowed are 2 to " + MAX_HEADER_BYTES);
            }
            byte[] header = data.readNBytes((int) length);
            if (header.length < length) {
                throw new EOFException();
            }
            Map<String, Tensor> tensors = readTensors(data, SafetensorsHeader.parse(header, file), file, wanted);
            if (data.read() >= 0) {
                throw new ConvoyException("Cannot read " + file + " as safetensors: it goes on behind its last tensor");
            }
            return tensors;
        } catch (EOFException e) {
            throw new ConvoyException("Cannot read " + file + " as safetensors: it is cut short; fetch it again", e);
        } catch (JsonProcessingException | CharConversionException e) {
            throw new ConvoyException("Cannot read " + file + " as safetensors: its header is not JSON", e);
        }
    }

    private static Map<String, Tensor> readTensors(
            DataInputStream in, List<SafetensorsHeader.Entry> inFileOrder, String file, Predicate<String> wanted)
            throws IOException {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        long position = 0;
        for (SafetensorsHeader.Entry entry : inFileOrder) {
            if (!wanted.test(entry.name())) {
                in.skipNBytes(Math.max(0, entry.end() - position));
                position = Math.max(position, entry.end());
                continue;
            }
            long size = entry.size();
            FloatType type = FloatType.named(entry.dtype());
            boolean sound = type != null
                    && entry.begin() == position
                    && size >= 0
                    && size <= (Integer.MAX_VALUE - 8) / type.bytes
                    && entry.end() - entry.begin() == type.bytes * size;
            if (!sound) {
                throw new ConvoyException("Cannot read " + file + ": the tensor " + entry.name() + " is described as "
                        + entry + "; wanted are F32, F16, BF16 or F64, a shape and offsets that agree, without gaps");
            }
            byte[] bytes = in.readNBytes((int) (entry.end() - entry.begin()));
            if (bytes.length < entry.end() - entry.begin()) {
                throw new EOFException();
            }
            List<Integer> shape = entry.shape().stream().map(Math::toIntExact).toList();
            tensors.put(entry.name(), new Tensor(shape, type.read(bytes)));
            position = entry.end();
        }
        return tensors;
    }

    /** Types of values that become single precision. */
    private enum FloatType {
        F32(4),
        F16(2),
        BF16(2),
        F64(8);

        private final int bytes;

        FloatType(int bytes) {
            this.bytes = bytes;
        }

        /** The type of this name; null if there is none. */
        static FloatType named(String name) {
            return Arrays.stream(values())
                    .filter(type -> type.name().equals(name))
                    .findFirst()
                    .orElse(null);
        }

        float[] read(byte[] from) {
            ByteBuffer in = ByteBuffer.wrap(from).order(ByteOrder.LITTLE_ENDIAN);
            float[] values = new float[from.length / bytes];
            for (int i = 0; i < values.length; i++) {
                values[i] = switch (this) {
                    case F32 -> in.getFloat();
                    case F16 -> half(in.getShort());
                    case BF16 -> Float.intBitsToFloat(in.getShort() << 16);
                    case F64 -> (float) in.getDouble();
                };
            }
            return values;
        }

        /** IEEE 754 binary16: a sign, 5 bits of exponent, 10 of fraction. */
        private static float half(short bits) {
            int exponent = bits >> 10 & 0x1F;
            int fraction = bits & 0x3FF;
            float magnitude =
                    switch (exponent) {
                        case 0 -> fraction * 0x1p-24f;
                        case 0x1F -> fraction == 0 ? Float.POSITIVE_INFINITY : Float.NaN;
                        default -> Math.scalb(1 + fraction * 0x1p-10f, exponent - 15);
                    };
            return bits < 0 ? -magnitude : magnitude;
        }
    }

    private static ByteBuffer littleEndian(int bytes) {
        return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }
}
