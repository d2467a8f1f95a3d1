package dev.convoy.data.decode;

import dev.convoy.data.BadImageException;
import dev.convoy.data.Printable;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import javax.imageio.ImageIO;

/** The chunks of a PNG file. */
final class PngFile {
    private static final int ACTL = 0x6163544C;
    private static final int FCTL = 0x6663544C;
    private static final int FDAT = 0x66644154;
    private static final int IEND = 0x49454E44;
    private static final int SIGNATURE = 8;
    /** The bytes around a chunk's data: length, type and checksum. */
    private static final int AROUND = 12;

    private PngFile() {}

    /** Whether a file has one channel and transparency, which OpenCV takes for colour. */
    static boolean isGreyWithAlpha(byte[] file) {
        return file.length > 25 && file[25] == 4;
    }

    /**
     * Removes a file's animation: OpenCV draws frames that are announced, whether they are there or not.
     *
     * @throws BadImageException if it is too large
     * @throws IndexOutOfBoundsException if it is cut short
     */
    static byte[] still(byte[] file) throws BadImageException {
        ByteBuffer chunks = ByteBuffer.wrap(file);
        ImageFile.checkSize(chunks.getInt(16) & 0xFFFFFFFFL, chunks.getInt(20) & 0xFFFFFFFFL);
        ByteArrayOutputStream still = new ByteArrayOutputStream();
        boolean animated = false;
        int end = SIGNATURE;
        for (int at = SIGNATURE; ; at = end) {
            int type = chunks.getInt(at + 4);
            end = Math.toIntExact(Math.min(Integer.MAX_VALUE - 8L, at + AROUND + (chunks.getInt(at) & 0xFFFFFFFFL)));
            if (type == ACTL && !animated) {
                animated = true;
                still.write(file, 0, at);
            } else if (animated && type != ACTL && type != FCTL && type != FDAT) {
                still.write(file, at, Math.min(end, file.length) - at);
            }
            if (type == IEND) {
                return animated ? still.toByteArray() : file;
            }
        }
    }

    /** Asks another decoder why OpenCV refuses a file; the answer is a clause. */
    static String reason(byte[] file) {
        try {
            ImageIO.read(new ByteArrayInputStream(file));
            return "; a checksum may be wrong";
        } catch (IOException | RuntimeException e) {
            return " (" + Printable.firstLine(e) + ")";
        }
    }
}
