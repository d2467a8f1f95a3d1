package dev.convoy.model.backend.dl4j;

import dev.convoy.data.ConvoyException;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipInputStream;

/** Reads a few entries of a zip that nobody vouches for, into memory; everything else in it is passed over unread. */
final class ZipEntries {
    /** Bytes of an entry that is passed over; they take time but no memory, and zeros shrink to a thousandth. */
    private static final long MAX_PASSED_OVER = 1L << 33;

    private static final int CHUNK = 1 << 16;

    /**
     * Bounds on what is kept.
     *
     * @param bytes that an entry may unpack to
     * @param ratio of these to what it takes in the file, beyond the first 64 KiB
     */
    record Limits(long bytes, int ratio) {}

    private static final Limits PASSED_OVER = new Limits(MAX_PASSED_OVER, Integer.MAX_VALUE);

    private ZipEntries() {}

    /**
     * Reads entries.
     *
     * @param wanted their names and bounds; all must be there
     * @throws ConvoyException if the file is no sound zip, lacks an entry, has an entry outside its own folder, or one that
     *     would unpack to more than its bounds
     */
    static Map<String, byte[]> read(InputStream in, String file, Map<String, Limits> wanted) throws IOException {
        Map<String, byte[]> entries = new HashMap<>();
        try (Zip zip = new Zip(in)) {
            for (ZipEntry entry = zip.getNextEntry(); entry != null; entry = zip.getNextEntry()) {
                checkName(file, entry.getName());
                ByteArrayOutputStream bytes = new ByteArrayOutputStream();
                boolean keep = wanted.containsKey(entry.getName());
                Limits limits = wanted.getOrDefault(entry.getName(), PASSED_OVER);
                zip.drain(file, entry.getName(), limits, keep ? bytes : OutputStream.nullOutputStream());
                if (keep && entries.put(entry.getName(), bytes.toByteArray()) != null) {
                    throw new ConvoyException("Cannot read " + file + ": it has " + entry.getName() + " twice");
                }
            }
        } catch (ZipException | EOFException e) {
            throw new ConvoyException("Cannot read " + file + " as a zip: " + e.getMessage() + "; fetch it again", e);
        }
        for (String name : wanted.keySet()) {
            if (!entries.containsKey(name)) {
                throw new ConvoyException("Cannot read " + file + ": it is no zip with " + name + " in it, as"
                        + " Deeplearning4j's models are");
            }
        }
        return entries;
    }

    private static void checkName(String file, String name) {
        boolean absolute = name.startsWith("/") || name.contains("\\") || name.contains(":");
        if (absolute || Arrays.asList(name.split("/")).contains("..")) {
            throw new ConvoyException("Cannot read " + file + ": its entry \"" + name
                    + "\" points outside of it; that is" + " no model of Deeplearning4j's");
        }
    }

    /** Reads a zip and watches how much each entry unpacks to. */
    private static final class Zip extends ZipInputStream {
        Zip(InputStream in) {
            // Any byte is a letter there, where a name that is no UTF-8 would end in an unchecked exception.
            super(in, StandardCharsets.ISO_8859_1);
        }

        void drain(String file, String entry, Limits limits, OutputStream out) throws IOException {
            byte[] chunk = new byte[CHUNK];
            long written = 0;
            for (int count = read(chunk); count >= 0; count = read(chunk)) {
                written += count;
                if (inf.getBytesWritten() > (long) limits.ratio * inf.getBytesRead() + CHUNK) {
                    throw new ConvoyException("Cannot read " + file + ": its entry " + entry + " unpacks to more than "
                            + limits.ratio + " times its size; that is no model of Deeplearning4j's");
                }
                if (written > limits.bytes) {
                    throw new ConvoyException("Cannot read " + file + ": its entry " + entry + " unpacks to more than "
                            + limits.bytes + " bytes, which is too much");
                }
                out.write(chunk, 0, count);
            }
        }
    }
}
