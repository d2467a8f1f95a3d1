package dev.convoy.drift;

import static org.assertj.core.api.Assertions.assertThat;

import dev.convoy.drift.Finding.Severity;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.apache.commons.math3.distribution.BinomialDistribution;
import org.apache.commons.math3.random.RandomGenerator;
import org.apache.commons.math3.random.Well19937c;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Draws sets of images again and again: from one distribution nothing is ever an alarm, from a shifted one it always is. */
class ResamplingTest {
    private static final DriftPolicy POLICY = new DriftPolicy();
    private static final double DEVIATION = 25;

    /** The distribution of a set: shares of classes, and brightness in deviations from the middle. */
    private record World(double[] shares, double shift) {
        static World of(int classes) {
            double[] shares = new double[classes];
            Arrays.fill(shares, 1.0 / classes);
            return new World(shares, 0);
        }

        World withClassesMoved(double share) {
            double[] moved = shares.clone();
            int half = moved.length / 2;
            for (int i = 0; i < moved.length; i++) {
                moved[i] += i < half ? share / half : -share / (moved.length - half);
            }
            return new World(moved, shift);
        }

        World withBrightness(double deviations) {
            return new World(shares, deviations);
        }

        /** Draws images one by one. Brightness is skewed, as it is in photographs. */
        ImageSetProfile draw(SplittableRandom random, int images) {
            ImageSetProfile.Builder builder = new ImageSetProfile.Builder();
            double[] contrast = {50};
            for (int i = 0; i < images; i++) {
                double draw = random.nextDouble();
                int chosen = 0;
                while (chosen < shares.length - 1 && draw >= shares[chosen]) {
                    draw -= shares[chosen++];
                }
                double skewed = -Math.log(1 - random.nextDouble()) - 1;
                double level = Math.min(255, Math.max(0, 80 + DEVIATION * (skewed + shift)));
                builder.add(new ImageFacts("class" + chosen, 32, 32, "png", new double[] {level}, contrast));
            }
            return builder.build();
        }

        /** Draws counts and moments as so many images have them, without drawing the images. */
        ImageSetProfile drawQuickly(RandomGenerator random, long images) {
            TreeMap<String, Long> counts = new TreeMap<>();
            long left = images;
            double rest = 1;
            for (int i = 0; i < shares.length; i++) {
                boolean isLast = i == shares.length - 1 || left == 0;
                long count = isLast ? left : binomial(random, (int) left, Math.min(1, shares[i] / rest));
                counts.put("class" + i, count);
                left -= count;
                rest -= shares[i];
            }
            double mean = 120 + DEVIATION * (shift + random.nextGaussian() / Math.sqrt(images));
            double variance = DEVIATION * DEVIATION * (1 + random.nextGaussian() * Math.sqrt(2.0 / images));
            ImageSetProfile.Channel channel =
                    new ImageSetProfile.Channel(new Moments(images, mean, variance), new Moments(images, 50, 0));
            return new ImageSetProfile(counts, List.of(channel), new TreeMap<>(), new TreeMap<>(), 0, 0);
        }
    }

    /** Where a normal number does as well, it is that, which takes no time. */
    private static long binomial(RandomGenerator random, int trials, double share) {
        double deviation = Math.sqrt(trials * share * (1 - share));
        return deviation > 10
                ? Math.round(trials * share + deviation * random.nextGaussian())
                : new BinomialDistribution(random, trials, share).sample();
    }

    private static boolean alarms(DriftReport report, String what) {
        return report.alarms().stream().anyMatch(finding -> finding.what().equals(what));
    }

    @ParameterizedTest
    @CsvSource({"500, 10, 400", "500, 300, 200", "5000, 10, 40", "500000, 10, 1"})
    void oneDistributionNeverAlarms(int images, int classes, int draws) {
        SplittableRandom random = new SplittableRandom(images);
        World world = World.of(classes);
        ImageSetProfile reference = world.draw(random, images);
        for (int draw = 0; draw < draws; draw++) {
            ImageSetProfile tonight = world.draw(random, images);
            DriftReport report = Drift.compare(reference, tonight, POLICY);
            assertThat(report.of(Severity.NOTE)).isEqualTo(report.findings());
            reference = tonight;
        }
    }

    @ParameterizedTest
    @CsvSource({"500, 2", "5000, 2", "500000, 2", "500, 10", "5000, 10", "500000, 10", "500, 100", "500000, 100"})
    void neitherDoItsCountsAndMoments(int images, int classes) {
        RandomGenerator random = new Well19937c(images + classes);
        World world = World.of(classes);
        for (int draw = 0; draw < 2000 / classes; draw++) {
            ImageSetProfile small = world.drawQuickly(random, images);
            ImageSetProfile large = world.drawQuickly(random, 500_000);
            assertThat(Drift.compare(large, small, POLICY).alarms()).isEmpty();
            assertThat(Drift.compare(small, large, POLICY).alarms()).isEmpty();
        }
    }

    /** From the sizes on that {@link DriftPolicy} names, of both sets or of one against very many. */
    @ParameterizedTest
    @CsvSource({
        "24000, 24000, 2",
        "31000, 31000, 10",
        "64000, 64000, 100",
        "250000, 250000, 1000",
        "12000, 500000, 2",
        "16500, 500000, 10",
        "500000, 500000, 10"
    })
    void aTwentiethOfTheClassSharesAlwaysDoes(int images, int others, int classes) {
        RandomGenerator random = new Well19937c(images);
        World world = World.of(classes);
        World moved = world.withClassesMoved(0.05);
        for (int draw = 0; draw < Math.max(5, 500 / classes); draw++) {
            DriftReport report =
                    Drift.compare(world.drawQuickly(random, others), moved.drawQuickly(random, images), POLICY);
            assertThat(alarms(report, "class shares")).isTrue();
        }
    }

    @ParameterizedTest
    @CsvSource({"5000, 5000", "2600, 500000", "500000, 500000"})
    void aFifthOfADeviationOfBrightnessAlwaysDoes(int images, int others) {
        RandomGenerator random = new Well19937c(images);
        World world = World.of(2);
        for (int draw = 0; draw < 500; draw++) {
            ImageSetProfile reference = world.drawQuickly(random, others);
            ImageSetProfile brighter = world.withBrightness(0.2).drawQuickly(random, images);
            ImageSetProfile darker = world.withBrightness(-0.2).drawQuickly(random, images);
            assertThat(alarms(Drift.compare(reference, brighter, POLICY), "brightness"))
                    .isTrue();
            assertThat(alarms(Drift.compare(reference, darker, POLICY), "brightness"))
                    .isTrue();
        }
    }

    @Test
    void imagesDrawnOneByOneShowTheSame() {
        SplittableRandom random = new SplittableRandom(3);
        World world = World.of(10);
        List<String> alarms = new ArrayList<>();
        for (int draw = 0; draw < 5; draw++) {
            ImageSetProfile reference = world.draw(random, 31_000);
            ImageSetProfile tonight =
                    world.withClassesMoved(0.05).withBrightness(0.2).draw(random, 31_000);
            Drift.compare(reference, tonight, POLICY).alarms().forEach(finding -> alarms.add(finding.what()));
        }
        assertThat(alarms).hasSize(10).containsOnly("class shares", "brightness");
    }

    /** Large numbers alone are no reason: half of the limit is told from nothing, and from the limit. */
    @Test
    void halfOfAShiftDoesNotAlarmWhereThereAreImagesEnough() {
        RandomGenerator random = new Well19937c(4);
        World world = World.of(10);
        World moved = world.withClassesMoved(0.025).withBrightness(0.1);
        for (int draw = 0; draw < 50; draw++) {
            DriftReport report =
                    Drift.compare(world.drawQuickly(random, 500_000), moved.drawQuickly(random, 500_000), POLICY);
            assertThat(report.alarms()).isEmpty();
        }
    }
}
