package dev.convoy.data;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.io.Serializable;
import java.io.UncheckedIOException;

/**
 * Objects as bytes, by Java's serialization. What crosses Spark's borders in results, shuffles, broadcasts and caches
 * goes as arrays of bytes, which every serializer of Spark's can carry, Kryo with registration required too. Read only
 * what this application has written itself.
 */
public final class ObjectBytes {
    private ObjectBytes() {}

    /** Writes an object with all that it refers to. */
    public static byte[] write(Serializable object) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
            out.writeObject(object);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }

    /**
     * Reads an object that {@link #write} has written. Its classes are looked up by the class loader of Convoy's own
     * classes, which on executors may have the application's jars.
     *
     * @param type that the object has
     */
    public static <T> T read(byte[] bytes, Class<T> type) {
        try (ObjectInputStream in = new ObjectInputStream(new ByteArrayInputStream(bytes))) {
            return type.cast(in.readObject());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (ClassNotFoundException e) {
            throw new IllegalStateException(e);
        }
    }
}
