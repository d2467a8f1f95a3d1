package dev.convoy.data.decode;

import static dev.convoy.data.decode.ImageFile.bad;

import dev.convoy.data.BadImageException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/** The chunks of a WebP file (RIFF container). */
final class WebpFile {
    private static final int WEBP = 0x50424557;
    private static final int EXIF = 0x46495845;
    private static final int LOSSY = 0x20385056;
    private static final int LOSSLESS = 0x4C385056;
    private static final int EXTENDED = 0x58385056;
    private static final int HEADER = 12;
    /** "Exif", as the first half of JPEG's prefix, which some programs copy along. */
    private static final int PREFIX = 0x66697845;

    private static final int PREFIX_BYTES = 6;
    /** The length that OpenCV wants, though whole files may be shorter. */
    private static final int MIN_BYTES = 32;

    private WebpFile() {}

    /**
     * Makes a file that OpenCV understands: EXIF without JPEG's prefix, and long enough.
     *
     * @throws BadImageException if it is no WebP file, cut short or too large
     * @throws IndexOutOfBoundsException if it is cut short
     */
    static byte[] plain(byte[] file) throws BadImageException {
        ByteBuffer riff = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
        long end = (riff.getInt(4) & 0xFFFFFFFFL) + 8;
        if (riff.getInt(8) != WEBP) {
            throw bad("it is not a WebP file, nor another image");
        }
        if (end > file.length) {
            throw bad("it is cut short");
        }
        checkSize(riff);
        byte[] plain = file;
        for (long at = HEADER; at + 8 + PREFIX_BYTES <= end; at += 8 + even(riff.getInt((int) at + 4))) {
            if (riff.getInt((int) at) == EXIF && riff.getInt((int) at + 8) == PREFIX) {
                plain = withoutPrefix(file, (int) at);
                break;
            }
        }
        return plain.length < MIN_BYTES ? Arrays.copyOf(plain, MIN_BYTES) : plain;
    }

    private static long even(int length) {
        long bytes = length & 0xFFFFFFFFL;
        return bytes + bytes % 2;
    }

    /**
     * Removes JPEG's prefix from EXIF. The chunk stays as long as it was: what follows the values of EXIF does not
     * matter.
     */
    private static byte[] withoutPrefix(byte[] file, int at) {
        byte[] plain = file.clone();
        int data = at + 8;
        int end = (int) Math.min(
                file.length,
                data + even(ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN).getInt(at + 4)));
        if (end - data >= PREFIX_BYTES) {
            System.arraycopy(file, data + PREFIX_BYTES, plain, data, end - data - PREFIX_BYTES);
        }
        return plain;
    }

    private static void checkSize(ByteBuffer riff) throws BadImageException {
        switch (riff.getInt(12)) {
            case LOSSY:
                ImageFile.checkSize(riff.getShort(26) & 0x3FFF, riff.getShort(28) & 0x3FFF);
                break;
            case LOSSLESS:
                int bits = riff.getInt(21);
                ImageFile.checkSize((bits & 0x3FFF) + 1L, (bits >>> 14 & 0x3FFF) + 1L);
                break;
            case EXTENDED:
                ImageFile.checkSize((riff.getInt(24) & 0xFFFFFF) + 1L, (riff.getInt(27) & 0xFFFFFF) + 1L);
                break;
            default:
                throw bad("it is a WebP file of an unknown kind");
        }
    }
}
