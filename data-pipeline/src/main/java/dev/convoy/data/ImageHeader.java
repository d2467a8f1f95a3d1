package dev.convoy.data;

import dev.convoy.data.BadImageException.Kind;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/**
 * What the first bytes of an image file say, so that no memory is given to what only claims to be large, and whether a file is cut short, which
 * decoders let pass.
 */
final class ImageHeader {
    /** The most pixels that an image may have: with three channels 400 MB while it is decoded. */
    static final long MOST_PIXELS = 1L << 27;

    private static final int PNG = 0x89504E47;
    private static final int RIFF = 0x52494646;
    private static final int GIF8 = 0x47494638;
    private static final int TIFF_LITTLE = 0x49492A00;
    private static final int TIFF_BIG = 0x4D4D002A;
    private static final int JPEG = 0xFFD8FF;
    private static final int BMP = 0x424D;

    private ImageHeader() {}

    /**
     * Fails unless this is the whole of an image of a known format and a sensible size.
     *
     * @throws BadImageException with the reason
     */
    static void check(byte[] file) throws BadImageException {
        if (file.length == 0) {
            throw bad("the file is empty");
        }
        long pixels;
        try {
            pixels = pixels(ByteBuffer.wrap(file));
        } catch (BufferUnderflowException | IndexOutOfBoundsException e) {
            throw bad("it is cut short");
        }
        if (pixels < 1 || pixels > MOST_PIXELS) {
            throw bad("it says that it has " + pixels + " pixels; allowed are 1 to " + MOST_PIXELS);
        }
    }

    private static BadImageException bad(String reason) {
        return new BadImageException(Kind.UNDECODABLE, reason);
    }

    private static long pixels(ByteBuffer file) throws BadImageException {
        int start = file.remaining() < 4 ? 0 : file.getInt(0);
        switch (start) {
            case PNG:
                return png(file);
            case RIFF:
                return webp(file.order(ByteOrder.LITTLE_ENDIAN));
            case GIF8:
                file.order(ByteOrder.LITTLE_ENDIAN);
                return (long) u16(file, 6) * u16(file, 8);
            case TIFF_LITTLE:
                return tiff(file.order(ByteOrder.LITTLE_ENDIAN));
            case TIFF_BIG:
                return tiff(file);
            default:
        }
        if (start >>> 8 == JPEG) {
            return jpeg(file);
        }
        if (start >>> 16 == BMP) {
            return bmp(file.order(ByteOrder.LITTLE_ENDIAN));
        }
        String text = new String(file.array(), 0, Math.min(16, file.limit()), StandardCharsets.US_ASCII);
        throw bad("it is not a JPEG, PNG, WebP, BMP, GIF or TIFF file; it begins with \""
                + text.replaceAll("[^ -~]", "?") + '"');
    }

    /** A PNG of one channel and transparency, which OpenCV takes for colour. */
    static boolean isGreyWithAlpha(byte[] file) {
        return file.length > 25 && ByteBuffer.wrap(file).getInt(0) == PNG && file[25] == 4;
    }

    private static int u16(ByteBuffer file, int at) {
        return file.getShort(at) & 0xFFFF;
    }

    /** Width and height stand in the first chunk; the last one is IEND. */
    private static long png(ByteBuffer file) {
        long pixels = (file.getInt(16) & 0xFFFFFFFFL) * (file.getInt(20) & 0xFFFFFFFFL);
        if (pixels <= MOST_PIXELS) {
            int at = 8;
            while (file.getInt(at + 4) != 0x49454E44) {
                at = Math.toIntExact(Math.min(Integer.MAX_VALUE - 8L, at + 12L + (file.getInt(at) & 0xFFFFFFFFL)));
            }
        }
        return pixels;
    }

    /** Other headers are shorter than any program has written since 1990; OpenCV takes such colour for grey. */
    private static long bmp(ByteBuffer file) throws BadImageException {
        if (file.getInt(14) < 40) {
            throw bad("it is a BMP of OS/2's kind; save it as another format");
        }
        return Math.abs((long) file.getInt(18)) * Math.abs((long) file.getInt(22));
    }

    /** Three kinds: lossy, lossless, extended. */
    private static long webp(ByteBuffer file) throws BadImageException {
        if ((file.getInt(4) & 0xFFFFFFFFL) + 8 > file.limit()) {
            throw bad("it is cut short");
        }
        switch (file.getInt(12)) {
            case 0x20385056: // "VP8 "
                return (long) (u16(file, 26) & 0x3FFF) * (u16(file, 28) & 0x3FFF);
            case 0x4C385056: // "VP8L"
                int bits = file.getInt(21);
                return ((bits & 0x3FFF) + 1L) * ((bits >>> 14 & 0x3FFF) + 1L);
            case 0x58385056: // "VP8X"
                return ((file.getInt(24) & 0xFFFFFF) + 1L) * ((file.getInt(27) & 0xFFFFFF) + 1L);
            default:
                throw bad("it is not a WebP file, nor another image");
        }
    }

    /** Tags 256 and 257 of the first directory. */
    private static long tiff(ByteBuffer file) {
        int directory = file.getInt(4);
        long[] size = new long[2];
        for (int i = 0; i < u16(file, directory); i++) {
            int entry = directory + 2 + 12 * i;
            int tag = u16(file, entry) - 256;
            if (tag == 0 || tag == 1) {
                size[tag] = u16(file, entry + 2) == 3 ? u16(file, entry + 8) : file.getInt(entry + 8) & 0xFFFFFFFFL;
            }
        }
        return size[0] * size[1];
    }

    /** The size stands in the start of frame; after the first scan there has to be an end of image. */
    private static long jpeg(ByteBuffer file) throws BadImageException {
        long pixels = 0;
        int at = 2;
        for (int marker = marker(file, at); marker != 0xDA; marker = marker(file, at)) {
            boolean frame = marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
            if (frame) {
                pixels = (long) u16(file, at + 5) * u16(file, at + 7);
            }
            // Any number of FF may stand before a marker.
            at += marker == 0xFF ? 1 : 2 + u16(file, at + 2);
        }
        for (int i = file.limit() - 2; i > at; i--) {
            if (u16(file, i) == 0xFFD9) {
                return pixels;
            }
        }
        throw bad("it is cut short");
    }

    private static int marker(ByteBuffer file, int at) throws BadImageException {
        int marker = u16(file, at);
        if (marker >>> 8 != 0xFF) {
            throw bad("it is a JPEG with garbage in its header");
        }
        return marker & 0xFF;
    }
}
