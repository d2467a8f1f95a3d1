package dev.convoy.data.decode;

import static dev.convoy.data.decode.ImageFile.bad;

import dev.convoy.data.BadImageException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import javax.imageio.ImageReadParam;
import javax.imageio.ImageReader;
import javax.imageio.stream.MemoryCacheImageInputStream;
import org.bytedeco.opencv.opencv_core.Mat;
import org.bytedeco.opencv.opencv_core.Rect;

/**
 * The structure of a JPEG file (ITU-T T.81, annex B). libjpeg goes on where a scan breaks off, and fills up with grey;
 * what it needs for that is looked for here. Stray bytes before a marker of the header do no harm to anybody.
 */
final class JpegFile {
    /**
     * How many scans a file may have. Progressive files have about ten; each takes time for every pixel, however few
     * its bytes.
     */
    private static final int MAX_SCANS = 100;

    /** The side, in pixels, of the corner that is looked at; a smaller one may be of the filling's colour by chance. */
    private static final int CORNER = 2;
    /** Of so many lines and columns one is kept where nothing but warnings is wanted. */
    private static final int SKIPPED = 16;

    /** The values that libjpeg fills up with: the middle of grey and colours, and of inks as OpenCV mixes them. */
    private static final Set<Integer> FILLINGS = Set.of(64, 65, 128);
    /**
     * Matches what libjpeg says where data are missing; stray bytes and profiles of colour that it cannot use do not
     * matter.
     */
    private static final Pattern LOSS =
            Pattern.compile("Premature end of JPEG file.*|Corrupt JPEG data: (?!\\d+ extraneous).*");

    private final byte[] file;
    /** The same bytes, in which Java looks for one many at a time. */
    private final String text;

    private int at = 2;
    /** The number of the frame's components; 0 before the frame. */
    private int components;

    private boolean sequential;
    private int scans;
    private int height;
    private int width;

    private JpegFile(byte[] file) {
        this.file = file;
        this.text = new String(file, StandardCharsets.ISO_8859_1);
    }

    /**
     * Looks through a file, and fails unless it is whole, of a size and kind that can be decoded.
     *
     * @throws BadImageException with the reason
     * @throws IndexOutOfBoundsException if it is cut short
     */
    static JpegFile checked(byte[] file) throws BadImageException {
        JpegFile found = new JpegFile(file);
        found.check();
        return found;
    }

    /** Pixels, before it is turned upright. */
    int height() {
        return height;
    }

    /** Pixels, before it is turned upright. */
    int width() {
        return width;
    }

    private void check() throws BadImageException {
        boolean complete = false;
        for (int marker = next(); marker != 0xD9; marker = next()) {
            if (complete && marker != 0xDC) {
                throw bad("it is a damaged JPEG file: its scan is broken off by a marker " + hex(marker));
            }
            if (marker == 0xDA) {
                complete = scan();
            } else {
                segment(marker);
            }
        }
        if (scans == 0) {
            throw bad("it is a damaged JPEG file: it has no scan");
        }
    }

    /** Goes to the next marker; before the first scan, bytes that belong to nothing are passed over. */
    private int next() throws BadImageException {
        if (scans > 0 && (file[at] & 0xFF) != 0xFF) {
            throw bad("it is a damaged JPEG file: there is no marker behind a scan's tables");
        }
        int marker = 0;
        // FF 00 is data, and any number of FF may stand before a marker.
        while (marker == 0 || marker == 0xFF) {
            while ((file[at] & 0xFF) != 0xFF) {
                at++;
            }
            marker = file[++at] & 0xFF;
        }
        at++;
        return marker;
    }

    private void segment(int marker) throws BadImageException {
        boolean table = marker >= 0xC0 && marker <= 0xCF || marker >= 0xDB && marker <= 0xDD;
        boolean other = marker >= 0xE0 && marker <= 0xEF || marker == 0xFE;
        if (marker == 0x01 || marker >= 0xD0 && marker <= 0xD7 && scans == 0) {
            return;
        }
        if (!table && !other) {
            throw bad("it is a damaged JPEG file: it has a marker " + hex(marker) + " where none can be");
        }
        if (table && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC) {
            frame(marker);
        }
        at += length();
    }

    private void frame(int marker) throws BadImageException {
        if (components > 0) {
            throw bad("it is a damaged JPEG file: it has two frames");
        }
        if (marker == 0xC3 || marker >= 0xC5 && marker != 0xC9 && marker != 0xCA) {
            throw bad("it is a lossless or hierarchical JPEG file, which cannot be read");
        }
        if (file[at + 2] != 8) {
            throw bad("it is a JPEG file of " + file[at + 2] + " bits a sample; only 8 can be read");
        }
        height = u16(at + 3);
        width = u16(at + 5);
        ImageFile.checkSize(width, height);
        components = file[at + 7] & 0xFF;
        sequential = marker == 0xC0 || marker == 0xC1 || marker == 0xC9;
    }

    /** Goes through a scan, and says whether there can be none behind it. */
    private boolean scan() throws BadImageException {
        if (++scans > MAX_SCANS) {
            throw bad("it has more than " + MAX_SCANS + " scans");
        }
        boolean all = sequential && (file[at + 2] & 0xFF) == components;
        at += length();
        while (true) {
            at = text.indexOf('\u00FF', at);
            if (at < 0) {
                throw new IndexOutOfBoundsException("a scan has no end");
            }
            int marker = file[at + 1] & 0xFF;
            if (marker == 0xFF) {
                at++;
            } else if (marker == 0 || marker >= 0xD0 && marker <= 0xD7) {
                at += 2;
            } else {
                return all;
            }
        }
    }

    private int length() throws BadImageException {
        int length = u16(at);
        if (length < 2) {
            throw bad("it is a damaged JPEG file: a segment has a length of " + length);
        }
        return length;
    }

    private int u16(int position) {
        return ByteBuffer.wrap(file).getShort(position) & 0xFFFF;
    }

    private static String hex(int marker) {
        return String.format("FF%02X", marker);
    }

    /**
     * Fails if libjpeg has run out of data before it had all pixels. What it fills up with is grey to the last corner;
     * only then another decoder is asked, which tells of what it meets.
     *
     * @param image decoded, perhaps smaller
     */
    void checkFilledUp(Mat image) throws BadImageException {
        int side = image.total() < (long) height * width ? 1 : CORNER;
        int tall = Math.min(side, image.rows());
        int wide = Math.min(side, image.cols());
        // The last corner may be any, once the image is upright.
        boolean filled = Stream.of(0, image.rows() - tall)
                .flatMap(top -> Stream.of(0, image.cols() - wide).map(left -> new Rect(left, top, wide, tall)))
                .anyMatch(corner -> isFilling(image.apply(corner).clone()));
        if (filled) {
            List<String> warnings = warnings(file);
            if (!warnings.isEmpty()) {
                throw bad("it is a damaged JPEG file: " + warnings.get(0));
            }
        }
    }

    private static boolean isFilling(Mat corner) {
        byte[] bytes = new byte[(int) (corner.total() * corner.elemSize())];
        corner.data().get(bytes);
        for (byte value : bytes) {
            if (value != bytes[0]) {
                return false;
            }
        }
        return FILLINGS.contains(bytes[0] & 0xFF);
    }

    private static List<String> warnings(byte[] file) {
        List<String> warnings = new ArrayList<>();
        ImageReader reader = ImageIO.getImageReadersByFormatName("jpeg").next();
        try {
            reader.addIIOReadWarningListener((source, warning) -> {
                if (LOSS.matcher(warning).matches()) {
                    warnings.add(warning);
                }
            });
            reader.setInput(new MemoryCacheImageInputStream(new ByteArrayInputStream(file)), true, true);
            ImageReadParam few = reader.getDefaultReadParam();
            // It goes over all lines nevertheless, and takes memory for few.
            few.setSourceSubsampling(SKIPPED, SKIPPED, 0, 0);
            reader.readRaster(0, few);
        } catch (IOException | RuntimeException e) {
            String reason = String.valueOf(e.getMessage());
            // Such as arithmetic coding, which OpenCV can read.
            if (!reason.contains("nsupported")) {
                warnings.add(reason);
            }
        } finally {
            reader.dispose();
        }
        return warnings;
    }
}
