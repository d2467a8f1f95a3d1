package dev.convoy.data.decode;

import dev.convoy.data.ImageShape;
import dev.convoy.data.SourceImage;
import dev.convoy.data.decode.ImageDecoder.Colours;
import dev.convoy.data.decode.ImageDecoder.Sizes;
import dev.convoy.testing.Fuzzer;
import dev.convoy.testing.ImageFiles;
import java.awt.image.BufferedImage;
import java.nio.ByteBuffer;
import java.util.zip.CRC32;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Mutants of image files of every format, through headers and decoders, those in native code too. */
@Tag("chaos")
class FuzzedImagesTest {
    private static final ImageDecoder DECODER =
            new ImageDecoder(new ImageShape(3, 20, 30), Sizes.STRETCH, Colours.TO_GREY);

    @ParameterizedTest
    @ValueSource(strings = {"png", "jpg", "gif", "bmp", "webp", "tiff"})
    void isDecodedOrRejected(String format) throws Exception {
        byte[] colour = ImageFiles.noise(format);
        byte[] other = format.equals("webp")
                ? ImageFiles.noise("webp")
                : ImageFiles.of(ImageFiles.noise(BufferedImage.TYPE_BYTE_GRAY), format);
        // A header may claim as many pixels as any image may have.
        Fuzzer.of(colour, other).withMemory(6 * ImageFile.MAX_PIXELS, 64).check(file -> {
            SourceImage.Data data = new SourceImage.Data.Encoded(format.equals("png") ? withChecksums(file) : file);
            DECODER.decode(data);
            ImageDecoder.shapeOf(data);
        });
    }

    /** A PNG whose chunks have the right checksums, so that what is wrong is not found by them alone. */
    private static byte[] withChecksums(byte[] file) {
        ByteBuffer chunks = ByteBuffer.wrap(file);
        int at = 8;
        while (at + 12 <= file.length) {
            int length = chunks.getInt(at);
            if (length < 0 || length > file.length - at - 12) {
                break;
            }
            CRC32 crc = new CRC32();
            crc.update(file, at + 4, length + 4);
            chunks.putInt(at + 8 + length, (int) crc.getValue());
            at += length + 12;
        }
        return file;
    }
}
