package dev.convoy.retrain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.convoy.data.rdd.ImageCensus.ContentHash;
import dev.convoy.retrain.Manifest.Image;
import dev.convoy.testing.Fuzzer;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class ManifestTest {
    private static final List<String> PETS = List.of("cat", "dög");

    private static Image image(long content, int label, boolean heldOut) {
        return new Image(new ContentHash(content, -content), label, heldOut);
    }

    private static Manifest read(byte[] file) {
        return Manifest.read(new ByteArrayInputStream(file), "images.txt.gz");
    }

    @Property(tries = 50)
    void theOrderInWhichImagesAreFoundDoesNotMatter(@ForAll @IntRange(max = 60) int count, @ForAll long seed) {
        List<Image> images = new ArrayList<>(IntStream.range(0, count)
                .mapToObj(i -> image(i / 2, i % 2, i % 5 == 0))
                .toList());
        Manifest manifest = new Manifest(PETS, images);
        Collections.shuffle(images, new Random(seed));
        Manifest shuffled = new Manifest(PETS, images);
        assertThat(shuffled).isEqualTo(manifest);
        assertThat(shuffled.hash()).isEqualTo(manifest.hash());
        assertThat(read(manifest.toBytes())).isEqualTo(manifest);
    }

    @Test
    void aChangeIsWhatDiffers() {
        Manifest before = new Manifest(
                PETS, List.of(image(1, 0, false), image(2, 0, false), image(3, 1, true), image(4, 1, false)));
        assertThat(before.since(before)).isEqualTo(new Manifest.Change(0, 0, 0, 0, 0));
        Manifest now = new Manifest(
                List.of("bird", "cat", "dög"),
                List.of(
                        image(1, 1, false), // as before, though classes have other numbers
                        image(2, 2, false), // of another class
                        image(3, 2, false), // no longer held out
                        image(4, 2, true), // held out
                        image(5, 0, false))); // new
        assertThat(now.since(before)).isEqualTo(new Manifest.Change(2, 0, 1, 1, 1));
        assertThat(before.since(now).removed()).isEqualTo(1);
    }

    @Test
    void copiesAndLeaksAreCounted() {
        Manifest manifest = new Manifest(
                PETS, List.of(image(1, 0, false), image(1, 0, false), image(1, 1, true), image(2, 1, true)));
        assertThat(manifest.copies()).isEqualTo(1);
        assertThat(manifest.leaked()).isEqualTo(1);
        assertThat(manifest.perClass(true)).containsEntry("cat", 0L).containsEntry("dög", 2L);
    }

    @Test
    void whatIsNoListIsRefused() throws Exception {
        byte[] file = new Manifest(PETS, List.of(image(1, 0, false))).toBytes();
        assertThatThrownBy(() -> read("text".getBytes(StandardCharsets.UTF_8)))
                .hasMessageContaining("Cannot read the list of images images.txt.gz");
        Fuzzer.of(file).check(mutant -> read(mutant));
    }
}
