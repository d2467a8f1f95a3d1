package dev.convoy.data.decode;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.convoy.data.BadImageException;
import dev.convoy.data.ImageShape;
import dev.convoy.data.SourceImage;
import dev.convoy.data.decode.ImageDecoder.Colours;
import dev.convoy.data.decode.ImageDecoder.Sizes;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Images are written by the JDK's own encoder, and read by ours. */
class ImageDecoderTest {
    private static final ImageShape COLOUR = new ImageShape(3, 2, 3);
    private static final ImageShape GREY = new ImageShape(1, 2, 3);

    @Test
    void colourComesAsPlanesOfRedGreenBlue() throws Exception {
        SourceImage.Data png = encode(colourImage(), "png");
        assertThat(ImageDecoder.shapeOf(png)).isEqualTo(COLOUR);
        assertThat(decode(COLOUR, Colours.REFUSE, png))
                .containsExactly(1, 2, 3, 4, 5, 6, 11, 12, 13, 14, 15, 16, 21, 22, 23, 24, 25, 26);
    }

    @Test
    void greyStaysGreyAndWidensWhereColourIsWanted() throws Exception {
        SourceImage.Data png = encode(greyImage(), "png");
        assertThat(ImageDecoder.shapeOf(png)).isEqualTo(GREY);
        assertThat(decode(GREY, Colours.REFUSE, png)).containsExactly(10, 20, 30, 40, 50, 60);
        assertThat(decode(COLOUR, Colours.REFUSE, png))
                .containsExactly(10, 20, 30, 40, 50, 60, 10, 20, 30, 40, 50, 60, 10, 20, 30, 40, 50, 60);
        SourceImage.Data raw = new SourceImage.Data.Pixels(GREY, new byte[] {1, 2, 3, 4, 5, 6});
        assertThat(decode(COLOUR, Colours.REFUSE, raw))
                .containsExactly(1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 5, 6);
    }

    @Test
    void colourIsMadeGreyOnlyWhenAsked() throws Exception {
        SourceImage.Data png = encode(colourImage(), "png");
        assertThatThrownBy(() -> decode(GREY, Colours.REFUSE, png))
                .isInstanceOf(BadImageException.class)
                .hasMessageContaining("the images are to have 1 channel");
        // 0.299 red + 0.587 green + 0.114 blue
        assertThat(decode(GREY, Colours.TO_GREY, png)).containsExactly(9, 10, 11, 12, 13, 14);
    }

    /** Waves of many lengths, as in a photograph, and a little noise. */
    private static BufferedImage picture(int width, int height) {
        BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_3BYTE_BGR);
        Random random = new Random(1);
        for (int i = 0; i < width * height; i++) {
            int x = i % width;
            int y = i / width;
            int rgb = 0;
            for (int channel = 0; channel < 3; channel++) {
                double wave =
                        Math.sin(x / (3.0 + 40 * channel)) + Math.sin(y / 11.0 + x / 170.0) + Math.sin(x * y / 4e4);
                rgb = rgb << 8 | Math.min(255, Math.max(0, (int) (128 + 35 * wave + 4 * random.nextGaussian())));
            }
            image.setRGB(x, y, rgb);
        }
        return image;
    }

    @ParameterizedTest
    @CsvSource({
        "STRETCH, 3, 40, 60, true",
        "STRETCH, 1, 100, 75, true",
        "CROP, 3, 64, 64, true",
        "LETTERBOX, 3, 90, 90, true",
        "STRETCH, 3, 151, 199, false"
    })
    void aLargeJpegIsDecodedSmallerAndLooksTheSame(Sizes sizes, int channels, int height, int width, boolean smaller)
            throws Exception {
        SourceImage.Data jpeg = encode(picture(800, 600), "jpg");
        ImageShape whole = new ImageShape(channels, 600, 800);
        SourceImage.Data pixels = new SourceImage.Data.Pixels(whole, decode(whole, Colours.TO_GREY, jpeg));
        ImageDecoder decoder = new ImageDecoder(new ImageShape(channels, height, width), sizes, Colours.TO_GREY);
        assertSimilar(decoder.decode(jpeg), decoder.decode(pixels), smaller);
    }

    private static void assertSimilar(byte[] decoded, byte[] expected, boolean smaller) {
        double difference = IntStream.range(0, decoded.length)
                .map(i -> Math.abs((decoded[i] & 0xFF) - (expected[i] & 0xFF)))
                .average()
                .orElseThrow();
        assertThat(difference).isLessThan(1.5);
        assertThat(difference > 0).as("whether fewer pixels were decoded").isEqualTo(smaller);
    }

    /** A part for which no pixel is interpolated, so that every one is known. */
    @ParameterizedTest
    @EnumSource(names = {"STRETCH", "CROP", "LETTERBOX"})
    void aPartIsCutOutOfTheWholeImage(Sizes sizes) throws Exception {
        SourceImage.Data.Encoded png = encode(picture(80, 60), "png");
        byte[] whole = decode(new ImageShape(3, 60, 80), Colours.REFUSE, png);
        byte[] part = new ImageDecoder(new ImageShape(3, 20, 30), sizes, Colours.REFUSE)
                .decode(png, (height, width) -> new View.Part(width - 31, height - 22, 30, 20));
        for (int i = 0; i < part.length; i++) {
            int row = i / 30 % 20 + 38;
            int column = i % 30 + 49;
            assertThat(part[i]).isEqualTo(whole[(i / 600 * 60 + row) * 80 + column]);
        }
    }

    /** Of a small part as many pixels are decoded as it needs. */
    @ParameterizedTest
    @CsvSource({"0, 0, 1, 1, true", "0.25, 0.5, 0.5, 0.5, true", "0.25, 0.5, 0.2, 0.2, false"})
    void aLargePartOfAJpegIsDecodedSmallerAndLooksTheSame(
            double x, double y, double width, double height, boolean smaller) throws Exception {
        SourceImage.Data.Encoded jpeg = encode(picture(800, 600), "jpg");
        ImageShape whole = new ImageShape(3, 600, 800);
        SourceImage.Data.Encoded png = new SourceImage.Data.Encoded(
                ImageDecoder.asFile(new SourceImage.Data.Pixels(whole, decode(whole, Colours.REFUSE, jpeg))));
        ImageDecoder decoder = new ImageDecoder(new ImageShape(3, 50, 50), Sizes.STRETCH, Colours.REFUSE);
        View view = (rows, columns) -> new View.Part(x * columns, y * rows, width * columns, height * rows);
        assertSimilar(decoder.decode(jpeg, view), decoder.decode(png, view), smaller);
    }

    @Test
    void aPartOfAnImageOfAnotherSizeIsRefusedWhereThatIs() throws Exception {
        SourceImage.Data.Encoded png = encode(greyImage(), "png");
        ImageDecoder decoder = new ImageDecoder(new ImageShape(1, 2, 2), Sizes.REFUSE, Colours.REFUSE);
        assertThatThrownBy(() -> decoder.decode(png, (height, width) -> new View.Part(0, 0, 2, 2)))
                .hasMessageContaining("but the images are 2x2");
    }

    @Test
    void jpegIsCloseToWhatWasWritten() throws Exception {
        BufferedImage flat = new BufferedImage(16, 16, BufferedImage.TYPE_BYTE_GRAY);
        for (int i = 0; i < 256; i++) {
            flat.getRaster().setSample(i % 16, i / 16, 0, 100);
        }
        byte[] pixels = decode(new ImageShape(1, 16, 16), Colours.REFUSE, encode(flat, "jpg"));
        for (byte pixel : pixels) {
            assertThat(pixel & 0xFF).isBetween(98, 102);
        }
    }

    @Test
    void anotherSizeIsRefusedOrResized() throws Exception {
        SourceImage.Data png = encode(greyImage(), "png");
        ImageShape wanted = new ImageShape(1, 4, 6);
        assertThatThrownBy(() -> decode(wanted, Colours.REFUSE, png)).hasMessageContaining("but the images are 4x6");
        assertThat(new ImageDecoder(wanted, Sizes.STRETCH, Colours.REFUSE).decode(png))
                .hasSize(24);
        byte[] halves = new byte[16];
        Arrays.fill(halves, 0, 8, (byte) 100);
        SourceImage.Data raw = new SourceImage.Data.Pixels(new ImageShape(1, 4, 4), halves);
        assertThat(new ImageDecoder(new ImageShape(1, 2, 2), Sizes.STRETCH, Colours.REFUSE).decode(raw))
                .containsExactly(100, 100, 0, 0);
    }

    @Test
    void cropAndLetterboxKeepTheAspectRatio() throws Exception {
        byte[] wide = new byte[2 * 6];
        for (int i = 0; i < 12; i++) {
            wide[i] = (byte) (10 * (i % 6) + 10);
        }
        SourceImage.Data image = new SourceImage.Data.Pixels(new ImageShape(1, 2, 6), wide);
        ImageShape square = new ImageShape(1, 2, 2);
        assertThat(new ImageDecoder(square, Sizes.CROP, Colours.REFUSE).decode(image))
                .containsExactly(30, 40, 30, 40);
        ImageShape large = new ImageShape(1, 6, 6);
        byte[] boxed = new ImageDecoder(large, Sizes.LETTERBOX, Colours.REFUSE).decode(image);
        assertThat(Arrays.copyOfRange(boxed, 0, 12)).containsOnly(0);
        assertThat(Arrays.copyOfRange(boxed, 12, 18)).containsExactly(10, 20, 30, 40, 50, 60);
        assertThat(Arrays.copyOfRange(boxed, 24, 36)).containsOnly(0);
    }

    @Test
    void whatIsNoImageIsRefusedWithAReason() {
        assertThatThrownBy(() -> decode(GREY, Colours.REFUSE, new SourceImage.Data.Encoded(new byte[0])))
                .isInstanceOf(BadImageException.class)
                .hasMessage("the file is empty");
        assertThatThrownBy(() -> decode(
                        GREY,
                        Colours.REFUSE,
                        new SourceImage.Data.Encoded("<html>404</html>".getBytes(StandardCharsets.UTF_8))))
                .isInstanceOf(BadImageException.class);
    }

    private static byte[] decode(ImageShape shape, Colours colours, SourceImage.Data data) throws BadImageException {
        return new ImageDecoder(shape, Sizes.REFUSE, colours).decode(data);
    }

    private static BufferedImage colourImage() {
        BufferedImage image = new BufferedImage(3, 2, BufferedImage.TYPE_INT_RGB);
        for (int i = 0; i < 6; i++) {
            image.setRGB(i % 3, i / 3, (i + 1) << 16 | (i + 11) << 8 | (i + 21));
        }
        return image;
    }

    private static BufferedImage greyImage() {
        BufferedImage image = new BufferedImage(3, 2, BufferedImage.TYPE_BYTE_GRAY);
        for (int i = 0; i < 6; i++) {
            image.getRaster().setSample(i % 3, i / 3, 0, 10 * (i + 1));
        }
        return image;
    }

    private static SourceImage.Data.Encoded encode(BufferedImage image, String format) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        assertThat(ImageIO.write(image, format, out)).isTrue();
        return new SourceImage.Data.Encoded(out.toByteArray());
    }

    /** Lines of one column each are averaged, also where rows grow. */
    @ParameterizedTest
    @CsvSource({"96, 4", "4, 96"})
    void whatShrinksInOneDirectionAloneIsAveragedThere(int width, int height) throws Exception {
        BufferedImage lines = new BufferedImage(width, height, BufferedImage.TYPE_BYTE_GRAY);
        for (int i = 0; i < width * height; i++) {
            boolean white = (width > height ? i % width : i / width) % 2 == 1;
            lines.getRaster().setSample(i % width, i / width, 0, white ? 255 : 0);
        }
        ImageDecoder decoder = new ImageDecoder(new ImageShape(1, 16, 16), Sizes.STRETCH, Colours.REFUSE);
        SourceImage.Data.Encoded png = encode(lines, "png");
        for (byte[] pixels : List.of(decoder.decode(png), decoder.decode(png, (h, w) -> new View.Part(0, 0, w, h)))) {
            assertThat(IntStream.range(0, pixels.length).map(i -> pixels[i] & 0xFF))
                    .allMatch(grey -> grey > 120 && grey < 136);
        }
    }
}
