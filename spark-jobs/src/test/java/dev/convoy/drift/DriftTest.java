package dev.convoy.drift;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.convoy.drift.Finding.Severity;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class DriftTest {
    private static final DriftPolicy POLICY = new DriftPolicy();

    private static ImageSetProfile profile(Map<String, Long> classes, double brightness) {
        return profile(classes, brightness, Map.of("32x32", 1L), 0, 0);
    }

    private static ImageSetProfile profile(
            Map<String, Long> classes, double brightness, Map<String, Long> sizes, long rejected, long copies) {
        SortedMap<String, Long> counts = new TreeMap<>(classes);
        long images = TotalVariation.sum(counts);
        ImageSetProfile.Channel channel =
                new ImageSetProfile.Channel(new Moments(images, brightness, 400), new Moments(images, 60, 100));
        return new ImageSetProfile(
                counts, List.of(channel), new TreeMap<>(sizes), new TreeMap<>(Map.of("png", images)), rejected, copies);
    }

    private static Finding finding(DriftReport report, String what) {
        return report.findings().stream()
                .filter(finding -> finding.what().equals(what))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void equalSetsAreNoDrift() {
        ImageSetProfile profile = profile(Map.of("cat", 50_000L, "dog", 50_000L), 120);
        DriftReport report = Drift.compare(profile, profile, POLICY);
        assertThat(report.of(Severity.NOTE)).isEqualTo(report.findings()).hasSize(7);
        assertThat(report.vanishedClasses()).isEmpty();
        assertThat(report.newClasses()).isEmpty();
        assertThat(finding(report, "class shares").sentence())
                .isEqualTo("class shares have moved by 0 points, no more than chance does");
    }

    /** 5 of 100 images would have to be cats instead of dogs; a deviation is 20 levels, and half of one 10. */
    @Test
    void effectsAreThoseOfTheTextbook() {
        ImageSetProfile before = profile(Map.of("cat", 50_000L, "dog", 50_000L), 120);
        ImageSetProfile now = profile(Map.of("cat", 55_000L, "dog", 45_000L), 130);
        DriftReport report = Drift.compare(before, now, POLICY);
        Finding classes = finding(report, "class shares");
        assertThat(classes.effect()).isCloseTo(0.05, within(1e-12));
        assertThat(classes.error()).isCloseTo(Math.sqrt(2e-5) / 2, within(1e-12));
        assertThat(classes.severity()).isEqualTo(Severity.ALARM);
        assertThat(classes.sentence())
                .isEqualTo("class shares have moved by 5 points, most of all cat from 50 % to 55 %");
        Finding brightness = finding(report, "brightness");
        assertThat(brightness.effect()).isCloseTo(0.5, within(1e-12));
        assertThat(brightness.error()).isCloseTo(Math.sqrt(2e-5 + 0.25 / 400_000), within(1e-12));
        assertThat(brightness.sentence())
                .isEqualTo("brightness has moved by 0.50 deviations, from 120.0 to 130.0 of 255");
        assertThat(report.alarms()).containsExactly(classes, brightness);
    }

    @Test
    void aShiftBelowTheLimitWarnsOnceThereAreImagesEnough() {
        ImageSetProfile before = profile(Map.of("cat", 500_000L, "dog", 500_000L), 120);
        ImageSetProfile now = profile(Map.of("cat", 530_000L, "dog", 470_000L), 122.4);
        DriftReport report = Drift.compare(before, now, POLICY);
        assertThat(report.alarms()).isEmpty();
        assertThat(report.of(Severity.WARN)).extracting(Finding::what).containsExactly("class shares", "brightness");
        ImageSetProfile little = profile(Map.of("cat", 510_000L, "dog", 490_000L), 120.5);
        assertThat(Drift.compare(before, little, POLICY).of(Severity.NOTE)).hasSize(7);
    }

    @Test
    void fewImagesSayWhatTheyCanShow() {
        ImageSetProfile before = profile(Map.of("cat", 50_000L, "dog", 50_000L), 120);
        DriftReport report = Drift.compare(before, profile(Map.of("cat", 60L, "dog", 40L), 130), POLICY);
        assertThat(report.alarms()).isEmpty();
        assertThat(finding(report, "class shares").sentence())
                .isEqualTo("class shares have moved by 10 points, which may be chance:"
                        + " so few images show no shift below 54.02 points for sure");
        assertThat(finding(report, "brightness").sentence())
                .endsWith("so few images show no shift below 1.00 deviations for sure");
        DriftReport two = Drift.compare(profile(Map.of("cat", 2L), 120), profile(Map.of("cat", 1L), 255), POLICY);
        assertThat(two.alarms()).isEmpty();
    }

    @Test
    void classesVanishAndAppear() {
        ImageSetProfile before = profile(Map.of("cat", 900L, "dog", 90L, "eel", 1L), 120);
        ImageSetProfile now = profile(Map.of("cat", 900L, "f\u202Eox", 90L, "gnu", 1L, "dog", 0L), 120);
        DriftReport report = Drift.compare(before, now, POLICY);
        assertThat(report.vanishedClasses()).containsExactly("dog", "eel");
        assertThat(report.newClasses()).containsExactly("f\u202Eox", "gnu");
        assertThat(report.findings().stream()
                        .filter(finding -> finding.what().endsWith(" class"))
                        .map(finding -> finding.severity() + " " + finding.sentence()))
                .containsExactly(
                        "ALARM class dog is gone: 90 of 991 images in one set and none of 991 in the other",
                        "NOTE class eel is gone: 1 of 991 images in one set and none of 991 in the other,"
                                + " which may be chance",
                        "ALARM class f\\u202Eox is new: 90 of 991 images in one set and none of 991 in the other",
                        "NOTE class gnu is new: 1 of 991 images in one set and none of 991 in the other,"
                                + " which may be chance");
    }

    @Test
    void filesWarnAndRejectsAlarm() {
        Map<String, Long> classes = Map.of("cat", 10_000L);
        ImageSetProfile before = profile(classes, 120, Map.of("640x480", 9000L, "other", 1000L), 10, 0);
        ImageSetProfile now = profile(classes, 120, Map.of("1920x1080", 9000L, "3x3", 500L, "other", 500L), 900, 900);
        DriftReport report = Drift.compare(before, now, POLICY);
        Finding sizes = finding(report, "sizes");
        assertThat(sizes.severity()).isEqualTo(Severity.WARN);
        assertThat(sizes.effect()).isCloseTo(0.9, within(1e-12));
        assertThat(sizes.sentence()).endsWith("most of all 1920x1080 from 0 % to 90 %");
        assertThat(report.alarms())
                .extracting(Finding::sentence)
                .containsExactly(
                        "rejected files are 900 of 10,900 (8.26 %), and were 10 of 10,010 (0.1 %)",
                        "copies are 900 of 10,000 (9 %), and were 0 of 10,000 (0 %)");
        assertThat(Drift.compare(now, before, POLICY).alarms()).isEmpty();
    }

    @Test
    void otherChannelsAlarm() {
        ImageSetProfile.Builder grey = new ImageSetProfile.Builder();
        grey.add(new ImageFacts("cat", 1, 1, "png", new double[] {1}, new double[] {1}));
        ImageSetProfile.Builder colour = new ImageSetProfile.Builder();
        colour.add(new ImageFacts("cat", 1, 1, "png", new double[3], new double[3]));
        assertThat(Drift.compare(grey.build(), colour.build(), POLICY).alarms())
                .extracting(Finding::sentence)
                .containsExactly("images have 3 channels, and had 1");
    }

    @Test
    void whatCannotBeIsRefused() {
        ImageSetProfile some = profile(Map.of("cat", 1L), 120);
        assertThatThrownBy(() -> Drift.compare(some, new ImageSetProfile.Builder().build(), POLICY))
                .hasMessageContaining("tonight = 0 images; there must be at least one to compare");
        assertThatThrownBy(() -> POLICY.withClassShift(0)).hasMessageContaining("classShift = 0.0; it must be above 0");
        assertThatThrownBy(() -> POLICY.withChannelShift(Double.NaN)).hasMessageContaining("channelShift = NaN");
        assertThatThrownBy(() -> POLICY.withStandardErrors(9)).hasMessageContaining("it must be from 1 to 8");
    }
}
