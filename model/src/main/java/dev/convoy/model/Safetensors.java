package dev.convoy.model;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.convoy.data.ConvoyException;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.stream.StreamSupport;

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
     * Reads tensors; does not close the stream.
     *
     * @param file how messages call it
     * @param wanted of a tensor's name; others are left out, whatever their type
     * @throws ConvoyException if the file is malformed, cut short or a tensor that is wanted has another type than F32
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
            return readTensors(data, MAPPER.readTree(header), file, wanted);
        } catch (EOFException e) {
            throw new ConvoyException("Cannot read " + file + " as safetensors: it is cut short; fetch it again", e);
        } catch (JsonProcessingException e) {
            throw new ConvoyException("Cannot read " + file + " as safetensors: its header is not JSON", e);
        }
    }

    private static Map<String, Tensor> readTensors(
            DataInputStream in, JsonNode header, String file, Predicate<String> wanted) throws IOException {
        Map<String, JsonNode> entries = new LinkedHashMap<>();
        header.fields().forEachRemaining(field -> entries.put(field.getKey(), field.getValue()));
        entries.remove("__metadata__");
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        List<Map.Entry<String, JsonNode>> inFileOrder = entries.entrySet().stream()
                .sorted((a, b) -> Long.compare(offset(a.getValue(), 0), offset(b.getValue(), 0)))
                .toList();
        long position = 0;
        for (Map.Entry<String, JsonNode> entry : inFileOrder) {
            if (!wanted.test(entry.getKey())) {
                position = skip(in, position, entry.getValue());
                continue;
            }
            List<Integer> shape = shape(entry.getValue());
            long size = size(shape);
            long begin = offset(entry.getValue(), 0);
            long end = offset(entry.getValue(), 1);
            boolean sound = entry.getValue().path("dtype").asText().equals("F32")
                    && begin == position
                    && end - begin == 4 * size
                    && size >= 0
                    && size <= (Integer.MAX_VALUE - 8) / 4;
            if (!sound) {
                throw new ConvoyException("Cannot read " + file + ": the tensor " + entry.getKey() + " is described as "
                        + entry.getValue() + "; wanted are F32, a shape and offsets that agree, without gaps");
            }
            byte[] bytes = in.readNBytes((int) (end - begin));
            if (bytes.length < end - begin) {
                throw new EOFException();
            }
            float[] values = new float[(int) size];
            ByteBuffer.wrap(bytes)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .asFloatBuffer()
                    .get(values);
            tensors.put(entry.getKey(), new Tensor(shape, values));
            position = end;
        }
        return tensors;
    }

    private static long skip(DataInputStream in, long position, JsonNode entry) throws IOException {
        long end = offset(entry, 1);
        in.skipNBytes(Math.max(0, end - position));
        return Math.max(position, end);
    }

    private static List<Integer> shape(JsonNode entry) {
        return StreamSupport.stream(entry.path("shape").spliterator(), false)
                .map(JsonNode::asInt)
                .toList();
    }

    /** The number of values; -1 if a shape is none. */
    private static long size(List<Integer> shape) {
        try {
            boolean sound = shape.stream().allMatch(axis -> axis >= 0);
            return sound ? shape.stream().mapToLong(Integer::longValue).reduce(1, Math::multiplyExact) : -1;
        } catch (ArithmeticException e) {
            return -1;
        }
    }

    private static long offset(JsonNode entry, int which) {
        return entry.path("data_offsets").path(which).asLong(-1);
    }

    private static ByteBuffer littleEndian(int bytes) {
        return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }
}
