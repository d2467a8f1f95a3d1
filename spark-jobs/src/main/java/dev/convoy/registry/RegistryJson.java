package dev.convoy.registry;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.convoy.data.ConvoyException;
import dev.convoy.data.Printable;
import dev.convoy.data.Sha256;
import dev.convoy.model.Json;
import dev.convoy.storage.AtomicFiles;
import java.io.CharConversionException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.util.HexFormat;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.security.UserGroupInformation;

/** Reads and writes the registry's small files. */
final class RegistryJson {
    /** The most that is read of a file. */
    private static final int MAX_BYTES = 1 << 26;

    private static final ObjectMapper MAPPER = Json.MAPPER
            .copy()
            .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

    private RegistryJson() {}

    static byte[] bytes(Object record) {
        try {
            return MAPPER.writeValueAsBytes(record);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    /**
     * Reads a whole file.
     *
     * @throws FileNotFoundException if it is not there
     * @throws ConvoyException if it is larger than such files are
     */
    static byte[] read(FileSystem files, Path file) throws IOException {
        try (InputStream in = AtomicFiles.open(files, file)) {
            byte[] content = in.readNBytes(MAX_BYTES + 1);
            if (content.length > MAX_BYTES) {
                throw new ConvoyException("Cannot read " + file + ": it has more than " + MAX_BYTES + " bytes");
            }
            return content;
        }
    }

    /**
     * @throws FileNotFoundException if it is not there
     * @throws ConvoyException if it is damaged
     */
    static <T> T read(FileSystem files, Path file, Class<T> type) throws IOException {
        return value(tree(read(files, file), file), file, type);
    }

    /**
     * Reads a record whose first component is its format.
     *
     * @param file how messages call it
     * @throws ConvoyException if it is damaged, or of another format
     */
    static <T> T parse(byte[] content, Path file, String format, Class<T> type) throws IOException {
        JsonNode tree = tree(content, file);
        checkFormat(tree, file, format);
        return value(tree, file, type);
    }

    /** Fails for a file of another format. */
    static void checkFormat(JsonNode tree, Path file, String format) {
        String found = tree.path("format").asText();
        if (!found.equals(format)) {
            throw new ConvoyException(
                    "Cannot read " + file + ": its format is " + (found.isEmpty() ? "not told" : found)
                            + ", but this version of Convoy reads " + format + "; use the version that wrote it");
        }
    }

    /** A file's content, before it is known what it is. */
    static JsonNode tree(byte[] content, Path file) throws IOException {
        try {
            return MAPPER.readTree(content);
        } catch (JsonProcessingException | CharConversionException e) {
            throw unreadable(file, e);
        }
    }

    private static <T> T value(JsonNode tree, Path file, Class<T> type) throws IOException {
        try {
            T value = MAPPER.treeToValue(tree, type);
            if (value == null) {
                throw new ConvoyException("Cannot read " + file + ": it is empty");
            }
            return value;
        } catch (JsonProcessingException e) {
            throw unreadable(file, e);
        }
    }

    private static ConvoyException unreadable(Path file, IOException e) {
        return new ConvoyException("Cannot read " + file + ": it is damaged: " + Printable.firstLine(e), e);
    }

    static String sha256(byte[] content) {
        return HexFormat.of().formatHex(Sha256.digest().digest(content));
    }

    /** Whom this process belongs to, as Hadoop knows it. */
    static String user() throws IOException {
        return UserGroupInformation.getCurrentUser().getShortUserName();
    }
}
