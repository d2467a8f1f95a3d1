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

    private static final int WIDTH = 16;
    private static final int HEIGHT = 20;
    private static final int BIT_DEPTH = 24;
    private static final int COLOUR_TYPE = 25;
    /** The most that a pixel takes. */
    private static final int CHANNELS = 4;
    /** The other decoder takes memory for all pixels that a file claims, in bytes. */
    private static final long MAX_ASKED = 1 << 26;

    private PngFile() {}

    /** Whether a file has more than grey, of its own or in a palette. */
    static boolean hasColour(byte[] file) {
        return file.length > COLOUR_TYPE && (file[COLOUR_TYPE] & 2) != 0;
    }

    /** Whether a file has one channel and transparency, which OpenCV takes for colour. */
    static boolean isGreyWithAlpha(byte[] file) {
        return file.length > COLOUR_TYPE && file[COLOUR_TYPE] == 4;
    }

    /**
     * Removes a file's animation: OpenCV draws frames that are announced, whether they are there or not.
     *
     * @throws BadImageException if it is too large
     * @throws IndexOutOfBoundsException if it is cut short
     */
    static byte[] still(byte[] file) throws BadImageException {
        ByteBuffer chunks = ByteBuffer.wrap(file);
        ImageFile.checkSize(chunks.getInt(WIDTH) & 0xFFFFFFFFL, chunks.getInt(HEIGHT) & 0xFFFFFFFFL);
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

    /** Asks another decoder why OpenCV refuses a file, unless it is large; the answer is a clause. */
    static String reason(byte[] file) {
        ByteBuffer header = ByteBuffer.wrap(file);
        long pixels = (long) header.getInt(WIDTH) * header.getInt(HEIGHT);
        if (pixels * CHANNELS * Math.max(1, file[BIT_DEPTH] / Byte.SIZE) > MAX_ASKED) {
            return "";
        }
        try {
            ImageIO.read(new ByteArrayInputStream(file));
            return "; a checksum may be wrong";
        } catch (IOException | RuntimeException e) {
            return " (" + Printable.firstLine(e) + ")";
        }
    }
}
