package dev.convoy.data.decode;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.convoy.data.BadImageException;
import dev.convoy.data.BadImageException.Kind;
import dev.convoy.data.ImageShape;
import dev.convoy.data.SourceImage;
import dev.convoy.data.decode.ImageDecoder.Colours;
import dev.convoy.data.decode.ImageDecoder.Sizes;
import dev.convoy.testing.ImageFiles;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Random;
import org.bytedeco.opencv.global.opencv_core;
import org.bytedeco.opencv.opencv_core.Mat;
import org.bytedeco.opencv.opencv_core.Scalar;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Files that are no images, or lie about what they are: none takes the process down, and each is rejected with a
 * reason.
 */
class HostileImagesTest {
    private static final ImageDecoder DECODER =
            new ImageDecoder(new ImageShape(3, 20, 30), Sizes.REFUSE, Colours.REFUSE);

    private static byte[] decode(byte[] file) throws BadImageException {
        return DECODER.decode(new SourceImage.Data.Encoded(file));
    }

    private static void assertRejected(byte[] file, String reason) {
        assertThatThrownBy(() -> decode(file))
                .isInstanceOf(BadImageException.class)
                .hasMessageContaining(reason);
    }

    @Test
    void whatIsNoImageIsNamed() throws IOException {
        assertRejected(new byte[0], "the file is empty");
        assertRejected("<!DOCTYPE html><html>".getBytes(StandardCharsets.UTF_8), "text, perhaps a web page");
        assertRejected(new byte[] {1}, "not a JPEG, PNG, WebP");
        assertRejected(Arrays.copyOf(ImageFiles.noise("jpg"), 3), "not a JPEG");
        byte[] garbage = ImageFiles.noise("jpg");
        Arrays.fill(garbage, 4, garbage.length, (byte) 7);
        assertRejected(garbage, "");
    }

    /** At any place: decoders fill up what is missing and say nothing. */
    @ParameterizedTest
    @ValueSource(strings = {"png", "jpg", "bmp", "gif", "tiff", "webp"})
    void whatIsCutShortIsRejected(String format) throws IOException {
        byte[] whole = ImageFiles.noise(format);
        for (int part = 1; part < 10; part++) {
            byte[] cut = Arrays.copyOf(whole, whole.length * part / 10);
            assertRejected(cut, "");
        }
    }

    /** 60,000 x 60,000 pixels would be 10 GB. */
    @Test
    void sizesAreReadBeforeMemoryIsGiven() throws IOException {
        assertRejected(ImageFiles.png(60_000, 60_000, new byte[100]), "60000x60000 (width x height) pixels");
        byte[] jpeg = ImageFiles.noise("jpg");
        for (int i = 2; i < jpeg.length; i++) {
            if ((jpeg[i] & 0xFF) == 0xFF && (jpeg[i + 1] & 0xFF) == 0xC0) {
                Arrays.fill(jpeg, i + 5, i + 9, (byte) 0xFF);
                break;
            }
        }
        assertRejected(jpeg, "65535x65535 (width x height) pixels");
    }

    /** A quarter of a megabyte that inflates to 256, in an image that is to have 1,820 bytes, or beside it. */
    @Test
    void aBombDoesNoHarm() throws Exception {
        byte[] bomb = ImageFiles.deflatedZeros(256);
        try {
            assertThat(decode(ImageFiles.png(30, 20, bomb))).containsOnly(0);
        } catch (BadImageException e) {
            assertThat(e.kind()).isEqualTo(Kind.UNDECODABLE);
        }
        byte[] plain = ImageFiles.noise("png");
        for (String type : new String[] {"zTXt", "iCCP"}) {
            byte[] chunk = ImageFiles.pngChunk(type, ImageFiles.joined(new byte[] {'x', 0, 0}, bomb));
            assertThat(decode(ImageFiles.inserted(plain, 33, chunk))).isEqualTo(decode(plain));
        }
    }

    /** Of 128 million pixels, as many as may be, with eight bytes each. */
    @Test
    void memoryIsReckonedInBytes() throws IOException {
        assertRejected(tiff(11_585, 4), "11585x11585 pixels of 8 bytes take more than 384 MiB");
        assertRejected(tiff(20, 800_000_000), "800000000 samples a pixel; allowed are 1 to 64");
        assertRejected(tiff(20, -1), "4294967295 samples a pixel");
    }

    /** A TIFF file of 16 bits a sample, as its header says. */
    private static byte[] tiff(int side, int samples) {
        int[][] fields = {
            {256, 4, 1, side},
            {257, 4, 1, side},
            {258, 3, 4, 122},
            {259, 3, 1, 1},
            {262, 3, 1, 2},
            {273, 4, 1, 130},
            {277, 4, 1, samples},
            {278, 4, 1, side},
            {279, 4, 1, 8}
        };
        ByteBuffer tiff = ByteBuffer.allocate(138).order(ByteOrder.LITTLE_ENDIAN);
        tiff.put(new byte[] {'I', 'I', 42, 0}).putInt(8).putShort((short) fields.length);
        for (int[] field : fields) {
            tiff.putShort((short) field[0])
                    .putShort((short) field[1])
                    .putInt(field[2])
                    .putInt(field[3]);
        }
        tiff.putInt(0);
        for (int sample = 0; sample < 4; sample++) {
            tiff.putShort((short) 16);
        }
        return tiff.array();
    }

    @Test
    void fewerPixelsThanDeclaredAreRejected() throws IOException {
        assertRejected(ImageFiles.png(2000, 2000, ImageFiles.deflatedZeros(1)), "damaged");
        assertRejected(ImageFiles.png(30, 20, new byte[0]), "");
    }

    @Test
    void kindsThatCannotBeReadAreNamed() throws IOException {
        byte[] old = ImageFiles.noise("bmp");
        ByteBuffer.wrap(old).order(ByteOrder.LITTLE_ENDIAN).putInt(14, 12);
        assertRejected(old, "30x0 (width x height)");
        try (Mat floats = new Mat(2, 2, opencv_core.CV_32FC1, Scalar.all(0.5))) {
            assertRejected(ImageFiles.byOpenCv(floats, ".tiff"), "floating point samples");
        }
        byte[] sound = ImageFiles.noise("webp");
        sound[8] = 'A';
        sound[12] = 'f';
        assertRejected(sound, "not a WebP");
    }

    /** OpenCV reads orientation from it. */
    @Test
    void exifThatPointsNowhereIsNoHarm() throws Exception {
        byte[] plain = ImageFiles.noise("jpg");
        Random random = new Random(3);
        for (int i = 0; i < 100; i++) {
            byte[] exif = new byte[40];
            random.nextBytes(exif);
            ByteBuffer.wrap(exif).put(new byte[] {-1, (byte) 0xE1, 0, 38, 'E', 'x', 'i', 'f', 0, 0, 'I', 'I', 42, 0});
            if (i % 2 == 0) {
                // Where the directory is usual, its entries are read.
                ByteBuffer.wrap(exif)
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .putInt(14, 8)
                        .putShort(20, (short) 274);
            }
            assertThat(decodedOrRejected(ImageFiles.inserted(plain, 2, exif))).isTrue();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"png", "jpg", "bmp", "gif", "tiff", "webp"})
    void flippedBytesAreDecodedOrRejected(String format) throws IOException {
        byte[] whole = ImageFiles.noise(format);
        Random random = new Random(2);
        for (int i = 0; i < 300; i++) {
            byte[] flipped = whole.clone();
            // Most of them in the header, where sizes and offsets are.
            int end = i % 3 == 0 ? whole.length : Math.min(whole.length, 64);
            for (int flips = 0; flips <= i % 3; flips++) {
                flipped[random.nextInt(4, end)] = (byte) random.nextInt();
            }
            assertThat(decodedOrRejected(flipped)).isTrue();
        }
    }

    private static boolean decodedOrRejected(byte[] file) {
        try {
            return decode(file).length == 1800;
        } catch (BadImageException e) {
            return !e.getMessage().isBlank();
        }
    }

    /** A gigabyte for an explanation of what is wrong with it. */
    @Test
    void whyALargePngIsDamagedIsNotAskedAgain() {
        byte[] file = ImageFiles.png(11_585, 11_585, new byte[100]);
        com.sun.management.ThreadMXBean threads = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
        long before = threads.getThreadAllocatedBytes(Thread.currentThread().getId());
        assertRejected(file, "it is a damaged PNG file");
        assertThat(threads.getThreadAllocatedBytes(Thread.currentThread().getId()) - before)
                .isLessThan(1 << 26);
    }
}
