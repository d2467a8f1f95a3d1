package dev.convoy.data.decode;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.convoy.data.BadImageException;
import dev.convoy.data.ImageShape;
import dev.convoy.data.SourceImage;
import dev.convoy.data.decode.ImageDecoder.Colours;
import dev.convoy.data.decode.ImageDecoder.Sizes;
import dev.convoy.testing.ImageFiles;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.IntPointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.opencv.global.opencv_core;
import org.bytedeco.opencv.global.opencv_imgcodecs;
import org.bytedeco.opencv.opencv_core.Mat;
import org.bytedeco.opencv.opencv_core.Scalar;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvFileSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Legal but unusual files, and damaged ones that decoders let pass, after files that other projects test themselves
 * with.
 */
class OddImagesTest {
    private static byte[] file(String name) throws IOException {
        try (InputStream in = OddImagesTest.class.getResourceAsStream("/odd-images/" + name)) {
            return in.readAllBytes();
        }
    }

    @ParameterizedTest
    @CsvFileSource(resources = "/odd-images/expected.csv", delimiter = '|')
    void everyFileIsReadRightOrRejectedWithItsReason(String name, String expected) throws Exception {
        SourceImage.Data data = new SourceImage.Data.Encoded(file(name));
        if (expected.startsWith("REJECTED ")) {
            assertThatThrownBy(() -> ImageDecoder.shapeOf(data))
                    .isInstanceOf(BadImageException.class)
                    .hasMessageContaining(expected.substring("REJECTED ".length()));
        } else {
            assertThat(described(data)).startsWith(expected);
        }
    }

    private static String described(SourceImage.Data data) throws BadImageException {
        ImageShape shape = ImageDecoder.shapeOf(data);
        ImageShape colour = new ImageShape(3, shape.height(), shape.width());
        byte[] planes = new ImageDecoder(colour, Sizes.REFUSE, Colours.REFUSE).decode(data);
        int plane = shape.height() * shape.width();
        StringBuilder text = new StringBuilder(shape.toString());
        for (int i = 0; i < Math.min(plane, 12); i++) {
            text.append(' ')
                    .append(planes[i] & 0xFF)
                    .append(',')
                    .append(planes[plane + i] & 0xFF)
                    .append(',')
                    .append(planes[2 * plane + i] & 0xFF);
        }
        return text.toString();
    }

    /** libjpeg ends the scan there and fills up with grey. */
    @ParameterizedTest
    @ValueSource(ints = {0x20, 0xC4, 0xD8, 0xDB})
    void aMarkerInTheMiddleOfAScanIsDamage(int marker) throws Exception {
        byte[] sound = file("sound.jpg");
        assertThat(ImageDecoder.shapeOf(new SourceImage.Data.Encoded(sound))).isEqualTo(new ImageShape(3, 128, 128));
        byte[] damaged = ImageFiles.inserted(sound, sound.length / 3, new byte[] {-1, (byte) marker});
        assertDamaged(damaged);
    }

    /** Nothing is wrong with its structure; it has too few data, if only for a part of the last row of blocks. */
    @ParameterizedTest
    @ValueSource(doubles = {0.5, 0.97})
    void aScanThatIsTooShortIsDamage(double part) throws Exception {
        byte[] sound = file("sound.jpg");
        byte[] early = Arrays.copyOf(sound, (int) (sound.length * part));
        early[early.length - 2] = -1;
        early[early.length - 1] = (byte) 0xD9;
        assertDamaged(early);
    }

    @Test
    void greyPicturesAreNoDamage() throws Exception {
        try (PointerScope scope = new PointerScope()) {
            Mat grey = new Mat(40, 40, opencv_core.CV_8UC3, Scalar.all(128));
            SourceImage.Data file = new SourceImage.Data.Encoded(ImageFiles.byOpenCv(grey, ".jpg"));
            assertThat(described(file)).startsWith("3x40x40 128,128,128");
        }
    }

    /** Each of which takes time for every pixel, however few its bytes. */
    @Test
    void aJpegHasAHundredScansAtMost() throws Exception {
        byte[] progressive;
        try (PointerScope scope = new PointerScope()) {
            Mat image = opencv_imgcodecs.imdecode(new Mat(file("sound.jpg")), opencv_imgcodecs.IMREAD_COLOR);
            BytePointer out = new BytePointer();
            opencv_imgcodecs.imencode(".jpg", image, out, new IntPointer(opencv_imgcodecs.IMWRITE_JPEG_PROGRESSIVE, 1));
            progressive = ImageFiles.bytes(out);
        }
        assertThat(ImageDecoder.shapeOf(new SourceImage.Data.Encoded(progressive)))
                .isEqualTo(new ImageShape(3, 128, 128));
        int last = progressive.length - 2;
        while (progressive[last] != -1 || progressive[last + 1] != (byte) 0xDA) {
            last--;
        }
        byte[] scan = Arrays.copyOfRange(progressive, last, progressive.length - 2);
        byte[] many = progressive;
        for (int i = 0; i < 100; i++) {
            many = ImageFiles.inserted(many, last, scan);
        }
        byte[] bomb = many;
        assertThatThrownBy(() -> ImageDecoder.shapeOf(new SourceImage.Data.Encoded(bomb)))
                .hasMessageContaining("more than 100 scans");
    }

    private static void assertDamaged(byte[] file) {
        assertThatThrownBy(() -> ImageDecoder.shapeOf(new SourceImage.Data.Encoded(file)))
                .isInstanceOf(BadImageException.class)
                .hasMessageContaining("damaged JPEG");
        // Of which libjpeg decodes a part of the pixels only.
        for (int side : new int[] {8, 16, 32}) {
            ImageDecoder smaller = new ImageDecoder(
                    new ImageShape(3, side, side), ImageDecoder.Sizes.STRETCH, ImageDecoder.Colours.REFUSE);
            assertThatThrownBy(() -> smaller.decode(new SourceImage.Data.Encoded(file)))
                    .as("%d", side)
                    .isInstanceOf(BadImageException.class)
                    .hasMessageContaining("damaged JPEG");
        }
    }

    /** Covering 224x224 with it whole would take a picture of 2,240,000 x 224 pixels. */
    @Test
    void aLongStripIsCroppedInTheMemoryThatItsTargetNeeds() throws Exception {
        try (PointerScope scope = new PointerScope()) {
            Mat strip = new Mat(2, 20_000, opencv_core.CV_8UC3, Scalar.all(10));
            strip.colRange(9_990, 10_010).put(Scalar.all(200));
            SourceImage.Data data = new SourceImage.Data.Encoded(ImageFiles.byOpenCv(strip, ".png"));
            byte[] cropped = new ImageDecoder(new ImageShape(3, 224, 224), Sizes.CROP, Colours.REFUSE).decode(data);
            assertThat(cropped).containsOnly(200);
        }
    }
}
