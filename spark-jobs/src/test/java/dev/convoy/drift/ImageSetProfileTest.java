package dev.convoy.drift;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.convoy.data.ImageShape;
import dev.convoy.data.InvalidValueException;
import dev.convoy.model.Json;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.apache.commons.math3.stat.descriptive.SummaryStatistics;
import org.junit.jupiter.api.Test;

class ImageSetProfileTest {
    private static ImageFacts image(Random random) {
        double[] brightness = random.doubles(3, 0, 255).toArray();
        double[] contrast = random.doubles(3, 0, 127).toArray();
        return new ImageFacts(
                "class" + random.nextInt(4),
                100 + random.nextInt(30),
                100 + random.nextInt(10),
                random.nextBoolean() ? "jpeg" : "png",
                brightness,
                contrast);
    }

    @Test
    void measuresAnImageByHand() {
        byte[] pixels = {0, 0, (byte) 200, (byte) 200, 10, 10, 10, 10};
        ImageFacts facts = ImageFacts.of("cat", 640, 480, "png", new ImageShape(2, 2, 2), pixels);
        assertThat(facts.brightness()).containsExactly(100, 10);
        assertThat(facts.contrast()).containsExactly(100, 0);
    }

    @Property(tries = 50)
    void partsInAnyOrderComeToTheBitsOfOnePass(
            @ForAll long seed,
            @ForAll @IntRange(min = 1, max = 400) int images,
            @ForAll @IntRange(min = 1, max = 9) int parts) {
        Random random = new Random(seed);
        ImageSetProfile.Builder whole = new ImageSetProfile.Builder();
        List<ImageSetProfile.Builder> pieces = new ArrayList<>();
        for (int i = 0; i < parts; i++) {
            pieces.add(new ImageSetProfile.Builder());
        }
        for (int i = 0; i < images; i++) {
            ImageFacts image = image(random);
            whole.add(image);
            pieces.get(random.nextInt(parts)).add(image);
        }
        whole.addRejected(parts);
        whole.addCopies(1);
        pieces.forEach(piece -> piece.addRejected(1));
        pieces.get(0).addCopies(1);
        Collections.shuffle(pieces, random);
        ImageSetProfile.Builder merged = new ImageSetProfile.Builder();
        pieces.forEach(merged::add);
        assertThat(merged.build()).isEqualTo(whole.build());
        assertThat(merged.build().images()).isEqualTo(images);
    }

    @Property(tries = 50)
    void momentsAreThoseOfTheImages(@ForAll long seed, @ForAll @IntRange(min = 1, max = 400) int images) {
        Random random = new Random(seed);
        ImageSetProfile.Builder builder = new ImageSetProfile.Builder();
        SummaryStatistics expected = new SummaryStatistics();
        for (int i = 0; i < images; i++) {
            double level = 200 + random.nextInt(5120) / 1024.0;
            expected.addValue(level);
            builder.add(new ImageFacts("all", 1, 1, "png", new double[] {level}, new double[] {0}));
        }
        ImageSetProfile.Channel channel = builder.build().channels().get(0);
        assertThat(channel.brightness().count()).isEqualTo(images);
        assertThat(channel.brightness().mean()).isCloseTo(expected.getMean(), within(1e-9));
        assertThat(channel.brightness().variance()).isCloseTo(expected.getVariance(), within(1e-9));
        assertThat(channel.contrast()).isEqualTo(new Moments(images, 0, 0));
    }

    /** As it is stored with a model, and as it comes back from a task. */
    @Test
    void goesThroughJsonAndJavasSerialization() throws IOException, ClassNotFoundException {
        ImageSetProfile.Builder builder = new ImageSetProfile.Builder();
        Random random = new Random(1);
        for (int i = 0; i < 100; i++) {
            builder.add(image(random));
        }
        ImageSetProfile profile = builder.build();
        String json = Json.MAPPER.writeValueAsString(profile);
        assertThat(Json.MAPPER.readValue(json, ImageSetProfile.class)).isEqualTo(profile);
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
            out.writeObject(builder);
        }
        try (ObjectInputStream in = new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
            assertThat(((ImageSetProfile.Builder) in.readObject()).build()).isEqualTo(profile);
        }
    }

    @Test
    void namesAHundredSizesAndCountsTheOthers() {
        SizeCounts counts = new SizeCounts();
        for (int size = 1; size <= 150; size++) {
            for (int i = 0; i < size; i++) {
                counts.add(size, 70_000);
            }
        }
        Map<String, Long> sizes = counts.mostFrequent();
        assertThat(sizes).hasSize(101).containsEntry("150x70000", 150L).containsEntry("51x70000", 51L);
        assertThat(sizes).containsEntry("other", 50L * 51 / 2).doesNotContainKey("50x70000");
    }

    @Test
    void staysBoundedWithoutLosingCountOrTheFrequentOnes() {
        SizeCounts counts = new SizeCounts();
        for (int i = 0; i < 200_000; i++) {
            counts.add(1 + i, 1);
            counts.add(640, 480);
        }
        Map<String, Long> sizes = counts.mostFrequent();
        assertThat(sizes).hasSize(101).containsEntry("640x480", 200_000L);
        assertThat(TotalVariation.sum(sizes)).isEqualTo(400_000);
    }

    @Test
    void whatCannotBeIsRefused() {
        ImageSetProfile.Builder builder = new ImageSetProfile.Builder();
        builder.add(image(new Random(1)));
        ImageFacts grey = new ImageFacts("cat", 1, 1, "png", new double[] {1}, new double[] {1});
        assertThatThrownBy(() -> builder.add(grey))
                .isInstanceOf(InvalidValueException.class)
                .hasMessageContaining("channels = 1; the images before have 3");
        assertThatThrownBy(() -> new ImageFacts("cat", 1, 1, "png", new double[] {256}, new double[] {1}))
                .hasMessageContaining("brightness = 256.0; it must be from 0 to 255");
        assertThatThrownBy(() -> new ImageFacts("cat", 0, 1, "png", new double[] {1}, new double[] {1}))
                .hasMessageContaining("width = 0x1");
        assertThatThrownBy(() -> new ImageSetProfile(
                        new TreeMap<>(Map.of("cat", -1L)), List.of(), new TreeMap<>(), new TreeMap<>(), 0, 0))
                .hasMessageContaining("classes = -1");
        assertThatThrownBy(() -> new Moments(1, 1, Double.NaN)).hasMessageContaining("variance = NaN");
    }
}
