package dev.convoy.data.source;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.convoy.data.ConvoyException;
import dev.convoy.data.SourceImage;
import dev.convoy.testing.Digits;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class IdxSourceTest {
    private static final Configuration HADOOP = new Configuration();

    @TempDir
    Path folder;

    @Test
    void plainAndGzipHoldTheSameDigits() throws IOException {
        List<SourceImage> plain = read(Digits.train(folder));
        List<SourceImage> gzip = read(Digits.trainGzip(folder));
        assertThat(plain).hasSize(Digits.TRAIN);
        for (int i = 0; i < plain.size(); i++) {
            assertThat(plain.get(i).id()).isEqualTo(i);
            assertThat(plain.get(i).label()).isEqualTo(gzip.get(i).label());
            assertThat(pixels(plain.get(i))).isEqualTo(pixels(gzip.get(i)));
        }
        // The first training digits of MNIST are known to be 5, 0, 4, 1, 9.
        assertThat(plain.subList(0, 5).stream().map(SourceImage::label)).containsExactly(5, 0, 4, 1, 9);
    }

    @Test
    void splitsOfALargeFileHoldEveryImageOnce() throws IOException {
        int side = 1024;
        int count = 40;
        byte[] images = ByteBuffer.allocate(16 + count * side * side)
                .putInt(0x803)
                .putInt(count)
                .putInt(side)
                .putInt(side)
                .array();
        for (int i = 0; i < count; i++) {
            Arrays.fill(images, 16 + i * side * side, 16 + (i + 1) * side * side, (byte) i);
        }
        byte[] labels =
                ByteBuffer.allocate(8 + count).putInt(0x801).putInt(count).array();
        IdxSource source = write(images, labels);
        assertThat(source.list(HADOOP, List.of()).splits()).hasSizeGreaterThan(1);
        List<SourceImage> read = read(source);
        for (int i = 0; i < count; i++) {
            assertThat(read.get(i).id()).isEqualTo(i);
            assertThat(pixels(read.get(i))).containsOnly((byte) i);
        }
        assertThat(read).hasSize(count);
    }

    @Test
    void missingFileIsNamed() {
        assertThatThrownBy(() -> new IdxSource(folder + "/none", folder + "/none").list(HADOOP, List.of()))
                .isInstanceOf(ConvoyException.class)
                .hasMessageContaining(folder + "/none");
    }

    @Test
    void truncatedImagesAreRefused() throws IOException {
        IdxSource source = Digits.train(folder);
        byte[] all = Files.readAllBytes(Path.of(source.images()));
        Files.write(Path.of(source.images()), Arrays.copyOf(all, 16 + 784 * 10 + 5));
        assertRefused(source, "says 1000 entries but it is cut short after 10");
        Files.write(Path.of(source.images()), Arrays.copyOf(all, 7));
        assertRefused(source, "ends inside its header");
    }

    @Test
    void truncatedGzipIsFoundWhileReading() throws IOException {
        IdxSource source = Digits.trainGzip(folder);
        byte[] all = Files.readAllBytes(Path.of(source.images()));
        Files.write(Path.of(source.images()), Arrays.copyOf(all, all.length / 2));
        assertThatThrownBy(() -> read(source))
                .isInstanceOf(ConvoyException.class)
                .hasMessageContaining(source.images());
    }

    @Test
    void truncatedLabelsAreRefused() throws IOException {
        IdxSource source = Digits.train(folder);
        byte[] all = Files.readAllBytes(Path.of(source.labels()));
        Files.write(Path.of(source.labels()), Arrays.copyOf(all, 100));
        assertRefused(source, "cut short after 92");
    }

    @Test
    void truncatedGzipLabelsAreRefused() throws IOException {
        IdxSource source = Digits.trainGzip(folder);
        byte[] all = Files.readAllBytes(Path.of(source.labels()));
        Files.write(Path.of(source.labels()), Arrays.copyOf(all, all.length / 2));
        assertRefused(source, source.labels());
    }

    @Test
    void swappedFilesAreRefused() {
        IdxSource source = Digits.train(folder);
        assertRefused(new IdxSource(source.labels(), source.images()), "it holds unsigned bytes in 3 dimensions");
    }

    @Test
    void differentCountsAreRefused() {
        assertRefused(
                new IdxSource(Digits.train(folder).images(), Digits.test(folder).labels()),
                "1000 images but 250 labels");
    }

    @Test
    void anEmptyFileIsRefused() throws IOException {
        assertRefused(
                write(
                        ByteBuffer.allocate(16)
                                .putInt(0x803)
                                .putInt(0)
                                .putInt(28)
                                .putInt(28)
                                .array(),
                        ByteBuffer.allocate(8).putInt(0x801).putInt(0).array()),
                "holds no images");
    }

    @Test
    void classesOfAModelDecideTheIndexes() throws IOException {
        List<String> reversed = List.of("9", "8", "7", "6", "5", "4", "3", "2", "1", "0");
        ImageListing listing = Digits.train(folder).list(HADOOP, reversed);
        assertThat(listing.splits().get(0).read(HADOOP, id -> true).next().label())
                .isEqualTo(4);
        assertThatThrownBy(() -> Digits.train(folder).list(HADOOP, List.of("cat", "dog")))
                .hasMessageContaining("[cat, dog]");
    }

    private void assertRefused(IdxSource source, String message) {
        assertThatThrownBy(() -> source.list(HADOOP, List.of()))
                .isInstanceOf(ConvoyException.class)
                .hasMessageContaining(message);
    }

    private IdxSource write(byte[] images, byte[] labels) throws IOException {
        Path imageFile = Files.write(folder.resolve("images"), images);
        return new IdxSource(
                imageFile.toString(),
                Files.write(folder.resolve("labels"), labels).toString());
    }

    private static byte[] pixels(SourceImage image) {
        return ((SourceImage.Data.Pixels) image.data()).bytes();
    }

    private static List<SourceImage> read(IdxSource source) throws IOException {
        List<SourceImage> images = new ArrayList<>();
        for (ImageSplit split : source.list(HADOOP, List.of()).splits()) {
            for (Iterator<SourceImage> it = split.read(HADOOP, id -> true); it.hasNext(); ) {
                images.add(it.next());
            }
        }
        return images;
    }
}
