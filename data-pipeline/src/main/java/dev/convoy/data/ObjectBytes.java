package dev.convoy.data;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.io.Serializable;
import java.io.UncheckedIOException;

/**
 * Objects as bytes, by Java's serialization. What crosses Spark's borders in results, shuffles, broadcasts and caches goes as arrays of bytes,
 * which every serializer of Spark's can carry, Kryo with registration required too. Read only what this application has written itself.
 */
public final class ObjectBytes {
    private ObjectBytes() {}

    /** An object as bytes. */
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
     * The object that was written. Classes are those that Convoy's own classes see, which executors may load from a jar of the application.
     *
     * @param type of the object
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
