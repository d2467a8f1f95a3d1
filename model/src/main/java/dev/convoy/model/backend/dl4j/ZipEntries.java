package dev.convoy.model.backend.dl4j;

import dev.convoy.data.ConvoyException;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipInputStream;

/** Reads a few entries of a zip that nobody vouches for, into memory; everything else in it is passed over unread. */
final class ZipEntries {
    /** Weights hardly shrink, and JSON shrinks to a twentieth. */
    private static final int MAX_RATIO = 200;

    private static final int CHUNK = 1 << 16;

    private ZipEntries() {}

    /**
     * Reads entries.
     *
     * @param wanted their names; all must be there
     * @throws ConvoyException if the file is no sound zip, lacks an entry, has an entry outside its own folder, or one that
     *     would unpack to more than {@value #MAX_RATIO} times its size
     */
    static Map<String, byte[]> read(InputStream in, String file, Set<String> wanted) throws IOException {
        Map<String, byte[]> entries = new HashMap<>();
        try (Zip zip = new Zip(in)) {
            for (ZipEntry entry = zip.getNextEntry(); entry != null; entry = zip.getNextEntry()) {
                checkName(file, entry.getName());
                ByteArrayOutputStream bytes = new ByteArrayOutputStream();
                boolean keep = wanted.contains(entry.getName());
                zip.drain(file, entry.getName(), keep ? bytes : OutputStream.nullOutputStream());
                if (keep && entries.put(entry.getName(), bytes.toByteArray()) != null) {
                    throw new ConvoyException("Cannot read " + file + ": it has " + entry.getName() + " twice");
                }
            }
        } catch (ZipException | EOFException e) {
            throw new ConvoyException("Cannot read " + file + " as a zip: " + e.getMessage() + "; fetch it again", e);
        }
        for (String name : wanted) {
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

    /** Watches how much comes out of how little. */
    private static final class Zip extends ZipInputStream {
        Zip(InputStream in) {
            super(in);
        }

        void drain(String file, String entry, OutputStream out) throws IOException {
            byte[] chunk = new byte[CHUNK];
            for (int count = read(chunk); count >= 0; count = read(chunk)) {
                if (inf.getBytesWritten() > MAX_RATIO * Math.max(inf.getBytesRead(), CHUNK / MAX_RATIO)) {
                    throw new ConvoyException("Cannot read " + file + ": its entry " + entry + " unpacks to more than "
                            + MAX_RATIO + " times its size; that is no model of Deeplearning4j's");
                }
                out.write(chunk, 0, count);
            }
        }
    }
}
