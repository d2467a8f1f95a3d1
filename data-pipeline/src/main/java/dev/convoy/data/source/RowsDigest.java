package dev.convoy.data.source;

import dev.convoy.data.Sha256;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.HexFormat;

/** Hashes rows of a prepared set, and ranges of them: SHA-256 over the SHA-256 of each row's id, label and image. */
final class RowsDigest {
    private static final int BYTES = 32;

    private final ByteArrayOutputStream rows = new ByteArrayOutputStream();

    void add(long id, String label, byte[] image) {
        MessageDigest digest = Sha256.digest();
        byte[] text = label.getBytes(StandardCharsets.UTF_8);
        digest.update(ByteBuffer.allocate(16)
                .putLong(id)
                .putInt(text.length)
                .putInt(image.length)
                .array());
        digest.update(text);
        digest.update(image);
        rows.writeBytes(digest.digest());
    }

    long size() {
        return rows.size() / BYTES;
    }

    /** The hash of a range of rows, in hexadecimal. */
    String hash(long first, long count) {
        MessageDigest digest = Sha256.digest();
        digest.update(rows.toByteArray(), (int) first * BYTES, (int) count * BYTES);
        return HexFormat.of().formatHex(digest.digest());
    }
}
