package dev.convoy.data.source;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.convoy.data.ConvoyException;
import dev.convoy.data.SourceImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CifarSourceTest {
    private static final Configuration HADOOP = new Configuration();

    @TempDir
    Path root;

    /** Images whose planes hold the label, the position, and the label again. */
    private static byte[] file(int labelBytes, int... labels) {
        byte[] file = new byte[labels.length * (labelBytes + 3072)];
        for (int i = 0; i < labels.length; i++) {
            int start = i * (labelBytes + 3072);
            file[start + labelBytes - 1] = (byte) labels[i];
            for (int pixel = 0; pixel < 3072; pixel++) {
                file[start + labelBytes + pixel] = (byte) (pixel / 1024 == 1 ? i : labels[i]);
            }
        }
        return file;
    }

    private static List<SourceImage> read(ImageListing listing) throws IOException {
        List<SourceImage> images = new ArrayList<>();
        for (ImageSplit split : listing.splits()) {
            split.read(HADOOP, id -> true).forEachRemaining(images::add);
        }
        return images;
    }

    @Test
    void filesOfAPatternFollowEachOther() throws IOException {
        Files.write(root.resolve("data_batch_2.bin"), file(1, 3, 0));
        Files.write(root.resolve("data_batch_1.bin"), file(1, 9, 200));
        Files.write(
                root.resolve("batches.meta.txt"),
                List.of("plane", "car", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck", ""));
        ImageListing listing = new CifarSource(root + "/data_batch_*.bin").list(HADOOP, List.of());
        assertThat(listing.examples()).isEqualTo(4);
        assertThat(listing.classNames()).startsWith("plane", "car").endsWith("truck");
        List<SourceImage> images = read(listing);
        assertThat(images.stream().map(SourceImage::id)).containsExactly(0L, 1L, 2L, 3L);
        assertThat(images.get(0).label()).isEqualTo(9);
        assertThat(images.get(2).label()).isEqualTo(3);
        assertThat(((SourceImage.Data.Unreadable) images.get(1).data()).reason())
                .contains("200");
        byte[] pixels = ((SourceImage.Data.Pixels) images.get(3).data()).bytes();
        assertThat(pixels[0]).isZero();
        assertThat(pixels[1024]).isEqualTo((byte) 1);
    }

    @Test
    void fineLabelsOfCifar100AreUsed() throws IOException {
        Files.write(root.resolve("test.bin"), file(2, 99));
        ImageListing listing = new CifarSource(root + "/test.bin").list(HADOOP, List.of());
        assertThat(listing.classNames()).hasSize(100).endsWith("99");
        assertThat(read(listing).get(0).label()).isEqualTo(99);
    }

    @Test
    void anotherLengthIsRefused() throws IOException {
        Files.write(root.resolve("x.bin"), new byte[3000]);
        assertThatThrownBy(() -> new CifarSource(root + "/x.bin").list(HADOOP, List.of()))
                .isInstanceOf(ConvoyException.class)
                .hasMessageContaining("3000 bytes are no multiple of 3073");
        assertThatThrownBy(() -> new CifarSource(root + "/*.dat").list(HADOOP, List.of()))
                .hasMessageContaining("Cannot find");
    }
}
