package dev.convoy.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ProvenanceTest {
    private static final ImageSetDigest DIGITS = new ImageSetDigest(2, 0, List.of("a", "b"), List.of(1L, 1L), "ff");

    private static Provenance of(
            String version,
            String backend,
            int workers,
            int steps,
            Map<String, String> values,
            Map<String, ImageSetDigest> data) {
        Provenance one = Checkpoints.at(1).provenance();
        return new Provenance(
                version,
                backend,
                workers,
                steps,
                values,
                data,
                one.network(),
                one.input(),
                one.normalization(),
                one.classWeights());
    }

    private static Provenance of(String version, String backend, int workers) {
        return of(version, backend, workers, 1, Map.of("seed", "1", "gone", "x"), Map.of("train", DIGITS));
    }

    @Test
    void configurationsDifferByKey() {
        Provenance before = of("1", "torch", 2);
        assertThat(before.classNames()).containsExactly("a", "b");
        assertThat(before.configurationChanges(Map.of("seed", "1", "gone", "x")))
                .isEmpty();
        assertThat(before.configurationChanges(Map.of("seed", "2", "new", "y")))
                .containsExactly("gone: x -> (not set)", "new: (not set) -> y", "seed: 1 -> 2");
    }

    @Test
    void setsOfImagesComeGoAndChange() {
        Provenance before = of("1", "torch", 2);
        assertThat(before.dataChanges(Map.of("train", DIGITS))).isEmpty();
        assertThat(before.dataChanges(Map.of("train", DIGITS, "test", DIGITS))).containsExactly("data.test: is new");
        Provenance both = of("1", "torch", 2, 1, Map.of(), Map.of("train", DIGITS, "test", DIGITS));
        assertThat(both.dataChanges(Map.of("train", DIGITS))).containsExactly("data.test: is gone");
        ImageSetDigest more = new ImageSetDigest(3, 0, List.of("a", "b"), List.of(1L, 2L), "ee");
        assertThat(before.dataChanges(Map.of("train", more)))
                .isNotEmpty()
                .allMatch(change -> change.startsWith("data.train"));
    }

    @Test
    void whatRoundsOtherwiseIsNamed() {
        Provenance before = of("1", "torch", 2);
        assertThat(before.inexactness(of("1", "torch", 2))).isEmpty();
        assertThat(before.inexactness(of("2", "torch", 2)))
                .singleElement()
                .asString()
                .contains("of version 1");
        assertThat(before.inexactness(of("1", "dl4j", 2)))
                .singleElement()
                .asString()
                .contains("rounds differently");
        assertThat(before.inexactness(of("1", "torch", 3)))
                .singleElement()
                .asString()
                .contains("were 2 workers");
    }

    @Test
    void aTrainingHasWorkersAndSteps() {
        assertThatThrownBy(() -> of("1", "torch", 0)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> of("1", "torch", 1, 0, Map.of(), Map.of("train", DIGITS)))
                .isInstanceOf(IllegalArgumentException.class);
        assertThat(of("1", "torch", 1).workers()).isEqualTo(1);
    }

    @Test
    void setsDifferByNumbersClassesAndContent() {
        ImageSetDigest moved = new ImageSetDigest(2, 0, List.of("a", "b"), List.of(2L, 0L), "ee");
        assertThat(DIGITS.changes("train", moved))
                .containsExactly("train: images by class have changed: a 1 -> 2, b 1 -> 0");
        ImageSetDigest oneMoved = new ImageSetDigest(2, 0, List.of("a", "b"), List.of(1L, 0L), "ee");
        assertThat(DIGITS.changes("train", oneMoved)).containsExactly("train: images by class have changed: b 1 -> 0");
        ImageSetDigest others = new ImageSetDigest(2, 0, List.of("a", "b"), List.of(1L, 1L), "ee");
        assertThat(DIGITS.changes("train", others))
                .containsExactly("train: as many images of each class, but not the same ones");
        ImageSetDigest renamed = new ImageSetDigest(2, 0, List.of("a", "c"), List.of(1L, 1L), "ff");
        assertThat(DIGITS.changes("train", renamed)).containsExactly("train: classes [a, b] -> [a, c]");
        ImageSetDigest rejected = new ImageSetDigest(2, 1, List.of("a", "b"), List.of(1L, 1L), "ff");
        assertThat(DIGITS.changes("train", rejected))
                .containsExactly(
                        "train: 2 images (0 rejected) -> 2 images (1 rejected)".replace("-> 2 images", "-> 2"));
    }
}
