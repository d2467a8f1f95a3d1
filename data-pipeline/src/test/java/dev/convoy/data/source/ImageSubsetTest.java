package dev.convoy.data.source;

import static org.assertj.core.api.Assertions.assertThat;

import dev.convoy.data.ObjectBytes;
import dev.convoy.data.SourceImage;
import dev.convoy.testing.Digits;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ImageSubsetTest {
    private static final Configuration HADOOP = new Configuration();

    @TempDir
    Path folder;

    private static BitSet every(int step, int count) {
        BitSet chosen = new BitSet();
        IntStream.range(0, count).filter(id -> id % step == 0).forEach(chosen::set);
        return chosen;
    }

    private static List<SourceImage> read(ImageListing listing) throws IOException {
        List<SourceImage> images = new ArrayList<>();
        for (ImageSplit split : listing.splits()) {
            int first = images.size();
            split.read(HADOOP, id -> true).forEachRemaining(images::add);
            for (SourceImage image : images.subList(first, images.size())) {
                assertThat(image.id())
                        .isGreaterThanOrEqualTo(split.ids().first())
                        .isLessThan(split.ids().end());
            }
        }
        return images;
    }

    @Test
    void theChosenGetIdsWithoutGaps() throws IOException {
        ImageListing all = new FolderSource(Digits.testFolder(folder).toString()).list(HADOOP, List.of());
        List<SourceImage> whole = read(all);
        Random random = new Random(3);
        BitSet chosen = new BitSet();
        whole.forEach(image -> chosen.set((int) image.id(), random.nextInt(3) == 0));
        ImageListing some = ImageSubset.of(all, chosen);
        BitSet again = every(2, (int) some.examples());
        for (ImageListing listing : List.of(some, ImageSubset.of(some, again))) {
            List<SourceImage> found = read(listing);
            assertThat(found).hasSize((int) listing.examples());
            assertThat(found)
                    .extracting(SourceImage::id)
                    .isEqualTo(IntStream.range(0, found.size())
                            .mapToObj(id -> (long) id)
                            .toList());
        }
        List<String> names = whole.stream()
                .filter(image -> chosen.get((int) image.id()))
                .map(SourceImage::name)
                .toList();
        assertThat(read(some)).extracting(SourceImage::name).isEqualTo(names);
    }

    /** Not that of all images: with millions, all splits together would not fit into the driver. */
    @Test
    void aSplitHasItsOwnPartOfTheChoice() {
        FileSplits files = new FileSplits();
        int count = 300_000;
        for (int i = 0; i < count; i++) {
            files.add("/images/" + i + ".png", 0);
        }
        ImageListing all = new ImageListing("files", count, List.of("cat"), files.all());
        long whole = bytes(all);
        assertThat(bytes(ImageSubset.of(all, every(7, count))) - whole)
                .isLessThan(count / Byte.SIZE + 500L * all.splits().size());
    }

    private static long bytes(ImageListing listing) {
        return listing.splits().stream()
                .mapToLong(split -> ObjectBytes.write(split).length)
                .sum();
    }
}
