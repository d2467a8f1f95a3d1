package dev.convoy.data.augment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.convoy.data.ConvoyException;
import dev.convoy.data.CounterRandom;
import dev.convoy.data.ImageBatch;
import dev.convoy.data.ImageShape;
import dev.convoy.data.Target;
import dev.convoy.data.augment.GeometricTransform.Affine;
import dev.convoy.data.augment.GeometricTransform.Flip;
import dev.convoy.data.augment.GeometricTransform.RandomCrop;
import dev.convoy.data.augment.GeometricTransform.ResizedCrop;
import dev.convoy.data.augment.MixingTransform.CutMix;
import dev.convoy.data.augment.MixingTransform.MixUp;
import dev.convoy.data.augment.PixelTransform.ColourJitter;
import dev.convoy.data.augment.PixelTransform.RandomErasing;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class AugmentationTest {
    private static final ImageShape COLOUR = new ImageShape(3, 9, 7);

    private static byte[] image(ImageShape shape, long id) {
        byte[] pixels = new byte[shape.size()];
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] = (byte) (37L * i + 11 * id);
        }
        return pixels;
    }

    private static ImageBatch batch(ImageShape shape, long... ids) {
        byte[] pixels = new byte[ids.length * shape.size()];
        for (int i = 0; i < ids.length; i++) {
            System.arraycopy(image(shape, ids[i]), 0, pixels, i * shape.size(), shape.size());
        }
        List<Target> targets = LongStream.of(ids)
                .<Target>mapToObj(id -> new Target.ClassIndex((int) (id % 3)))
                .toList();
        return new ImageBatch(shape, ids, pixels, targets);
    }

    private static byte[] image(ImageBatch batch, int index) {
        int size = batch.shape().size();
        return Arrays.copyOfRange(batch.pixels(), index * size, (index + 1) * size);
    }

    static Stream<ImageTransform> ofSingleImages() {
        return Stream.of(
                new RandomCrop(2),
                new ResizedCrop(),
                new Flip().withAxis(Flip.Axis.VERTICAL),
                new Affine(20.0, 0.2, List.of(0.8, 1.2), 5.0),
                new ColourJitter(0.4, 0.4, 0.4, 0.1),
                new RandomErasing().withProbability(0.9));
    }

    /** Of changes to pixels, and of those to targets. */
    @Test
    void weightsStayWithTheirImages() {
        ImageBatch batch = batch(COLOUR, 5, 8, 3).withWeights(new double[] {0.5, 2, 0});
        Augmentation all =
                new Augmentation(List.of(new RandomErasing().withProbability(1.0), new MixUp().withProbability(1.0)));
        ImageBatch changed = all.apply(batch, 1, 0);
        assertThat(changed.pixels()).isNotEqualTo(batch.pixels());
        assertThat(changed.targets()).isNotEqualTo(batch.targets());
        assertThat(changed.weights()).containsExactly(0.5, 2, 0);
        assertThat(changed.ids()).containsExactly(5, 8, 3);
    }

    @ParameterizedTest
    @MethodSource("ofSingleImages")
    void anImageDoesNotDependOnItsBatchButOnItsEpoch(ImageTransform transform) {
        Augmentation augmentation = new Augmentation(List.of(transform));
        ImageBatch together = augmentation.apply(batch(COLOUR, 5, 8, 3), 1, 0);
        assertThat(image(augmentation.apply(batch(COLOUR, 3), 1, 0), 0)).isEqualTo(image(together, 2));
        assertThat(together.targets()).isEqualTo(batch(COLOUR, 5, 8, 3).targets());
        Set<String> seen = new HashSet<>();
        for (int epoch = 0; epoch < 20; epoch++) {
            seen.add(Arrays.toString(
                    augmentation.apply(batch(COLOUR, 3), 1, epoch).pixels()));
        }
        assertThat(seen).hasSizeGreaterThan(1);
    }

    @ParameterizedTest
    @MethodSource("ofSingleImages")
    void whatIsGivenStaysAsItIs(ImageTransform transform) {
        ImageBatch batch = batch(COLOUR, 1, 2);
        new Augmentation(List.of(transform)).apply(batch, 1, 0);
        assertThat(batch.pixels()).isEqualTo(batch(COLOUR, 1, 2).pixels());
    }

    /** Twenty seeds; a shift has to be one of the possible ones, pixel by pixel. */
    @Test
    void aCropIsAShiftWithBlackAround() {
        ImageShape shape = new ImageShape(1, 3, 3);
        for (int seed = 0; seed < 20; seed++) {
            byte[] found = new Augmentation(List.of(new RandomCrop(1)))
                    .apply(batch(shape, 1), seed, 0)
                    .pixels();
            assertThat(IntStream.range(0, 9).mapToObj(at -> shifted(image(shape, 1), at / 3 - 1, at % 3 - 1)))
                    .anySatisfy(expected -> assertThat(found).isEqualTo(expected));
        }
    }

    private static byte[] shifted(byte[] pixels, int down, int right) {
        byte[] shifted = new byte[9];
        for (int at = 0; at < 9; at++) {
            int y = at / 3 + down;
            int x = at % 3 + right;
            shifted[at] = y < 0 || y > 2 || x < 0 || x > 2 ? 0 : pixels[3 * y + x];
        }
        return shifted;
    }

    @Test
    void flipsAreExactAndTwoOfThemCancel() {
        ImageShape shape = new ImageShape(1, 2, 3);
        byte[] pixels = {1, 2, 3, 4, 5, 6};
        ImageBatch batch = new ImageBatch(shape, new long[] {1}, pixels, List.of(new Target.ClassIndex(0)));
        Flip across = new Flip().withProbability(1.0);
        Flip down = new Flip(Flip.Axis.VERTICAL, 1.0);
        assertThat(new Augmentation(List.of(across)).apply(batch, 1, 0).pixels())
                .containsExactly(3, 2, 1, 6, 5, 4);
        assertThat(new Augmentation(List.of(down)).apply(batch, 1, 0).pixels()).containsExactly(4, 5, 6, 1, 2, 3);
        assertThat(new Augmentation(List.of(across, down, across, down))
                        .apply(batch, 1, 0)
                        .pixels())
                .isEqualTo(pixels);
    }

    /** A quarter turn takes every pixel of a square to another one. */
    @Test
    void aTurnIsAboutTheCentre() {
        ImageShape shape = new ImageShape(1, 3, 3);
        Geometry quarter =
                Geometry.shift(1, 1).then(new Geometry(0, 1, 0, -1, 0, 0)).then(Geometry.shift(-1, -1));
        assertThat(quarter.apply(new byte[] {1, 2, 3, 4, 5, 6, 7, 8, 9}, shape))
                .containsExactly(7, 4, 1, 8, 5, 2, 9, 6, 3);
    }

    @Test
    void betweenPixelsValuesAreInterpolated() {
        ImageShape shape = new ImageShape(1, 1, 4);
        byte[] moved = Geometry.shift(0.5, 0).apply(new byte[] {0, 100, (byte) 200, (byte) 250}, shape);
        assertThat(moved).containsExactly(50, (byte) 150, (byte) 225, 125);
    }

    @Test
    void coloursChangeByTheirFormulas() {
        ImageShape shape = new ImageShape(3, 1, 2);
        byte[] pixels = {100, 50, 60, 50, 20, 50};
        byte[] brighter = ColourMap.identity().brightness(2).apply(pixels, shape);
        assertThat(brighter).containsExactly((byte) 200, 100, 120, 100, 40, 100);
        byte[] grey = ColourMap.identity().saturation(0).apply(pixels, shape);
        // 0.299 * 100 + 0.587 * 60 + 0.114 * 20 = 67.4
        assertThat(grey).containsExactly(67, 50, 67, 50, 67, 50);
        byte[] flat =
                ColourMap.identity().contrast(0, ColourMap.means(pixels, shape)).apply(pixels, shape);
        // The mean of 67.4 and 50 is 58.7.
        assertThat(flat).containsOnly(59);
        byte[] turned = ColourMap.identity().hue(1).apply(pixels, shape);
        for (int i = 0; i < turned.length; i++) {
            assertThat((int) turned[i]).isCloseTo(pixels[i], within(1));
        }
    }

    @Test
    void mixedTargetsAddUpAndFollowThePixels() {
        ImageShape shape = new ImageShape(1, 8, 8);
        byte[] pixels = new byte[2 * 64];
        Arrays.fill(pixels, 64, 128, (byte) 200);
        ImageBatch batch = new ImageBatch(
                shape, new long[] {4, 9}, pixels, List.of(new Target.ClassIndex(0), new Target.ClassIndex(1)));
        for (ImageTransform mixing : List.of(new MixUp().withAlpha(1.0), new CutMix())) {
            for (int seed = 0; seed < 20; seed++) {
                ImageBatch mixed = new Augmentation(List.of(mixing)).apply(batch, seed, 0);
                float[] dense = mixed.denseTargets(3);
                for (int i = 0; i < 2; i++) {
                    assertThat(dense[3 * i] + dense[3 * i + 1]).isCloseTo(1f, within(1e-6f));
                    double mean = 0;
                    for (byte pixel : image(mixed, i)) {
                        mean += (pixel & 0xFF) / 64.0;
                    }
                    assertThat(dense[3 * i + 1]).isCloseTo((float) (mean / 200), within(0.003f));
                }
            }
        }
    }

    @Test
    void anErasedRectangleHasTheMeanColourAndTheRestStays() {
        ImageShape shape = new ImageShape(1, 10, 10);
        byte[] before = image(shape, 1);
        byte mean = (byte) Math.round(ColourMap.means(before, shape)[0]);
        byte[] after = new Augmentation(List.of(new RandomErasing(1.0, List.of(0.25, 0.25), List.of(1.0, 1.0))))
                .apply(batch(shape, 1), 1, 0)
                .pixels();
        long changed = IntStream.range(0, 100)
                .filter(i -> after[i] != before[i])
                .peek(i -> assertThat(after[i]).isEqualTo(mean))
                .count();
        assertThat(changed).isBetween(20L, 25L);
    }

    @Test
    void betaIsSymmetricWithTheRightSpread() {
        for (double alpha : new double[] {0.2, 1, 2}) {
            double sum = 0;
            double squares = 0;
            int count = 20_000;
            for (int i = 0; i < count; i++) {
                double value = new Draws(CounterRandom.of(1, CounterRandom.Purpose.AUGMENTATION, i)).beta(alpha);
                sum += value;
                squares += (value - 0.5) * (value - 0.5);
            }
            assertThat(sum / count).isCloseTo(0.5, within(0.01));
            assertThat(squares / count).isCloseTo(1 / (4 * (2 * alpha + 1)), within(0.005));
        }
    }

    @Test
    void nonsenseIsRefused() {
        assertThatThrownBy(() -> new Augmentation(List.of(new MixUp(), new RandomCrop(1))))
                .isInstanceOf(ConvoyException.class)
                .hasMessageContaining("must come after all others");
        assertThatThrownBy(() -> new RandomCrop(0)).hasMessageContaining("padding = 0.0");
        assertThatThrownBy(() -> new Affine().withRotate(200.0)).hasMessageContaining("rotate = 200.0");
        assertThatThrownBy(() -> new ResizedCrop().withArea(0.5, 0.1)).hasMessageContaining("area = [0.5, 0.1]");
        assertThatThrownBy(() -> new ColourJitter().withBrightness(Double.NaN)).hasMessageContaining("0.0 to 1.0");
    }
}
