package dev.convoy.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.convoy.data.ImageBatch;
import dev.convoy.data.ImageShape;
import dev.convoy.data.Target;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class ConfidenceTest {
    private static final ImageShape SHAPE = new ImageShape(1, 1, 1);

    private static ImageBatch batch(int... truths) {
        return new ImageBatch(
                SHAPE,
                IntStream.range(0, truths.length).asLongStream().toArray(),
                new byte[truths.length],
                Arrays.stream(truths).mapToObj(Target::ofLabel).toList());
    }

    private static double[] logits(double... probabilities) {
        return Arrays.stream(probabilities).map(Math::log).toArray();
    }

    /** Three classes: right with 0.7, wrong with 0.5 and its class last, one without a class, one without an answer. */
    @Test
    void countsByProbabilityAndRank() {
        double[] outputs = {
            Math.log(0.7),
            Math.log(0.2),
            Math.log(0.1),
            Math.log(0.2),
            Math.log(0.5),
            Math.log(0.3),
            1,
            2,
            3,
            1,
            Double.NaN,
            3
        };
        Confidence found = Confidence.of(batch(0, 0, -1, 2), outputs, Loss.SOFTMAX_CROSS_ENTROPY);
        assertThat(found.examples()).isEqualTo(3);
        assertThat(found.topAccuracy(1)).isEqualTo(1 / 3.0);
        assertThat(found.topAccuracy(2)).isEqualTo(1 / 3.0);
        assertThat(found.topAccuracy(3)).isEqualTo(2 / 3.0);
        assertThat(found.calibrationError()).isEqualTo((0.3 + 0.5) / 2, within(1e-12));
        assertThat(found.answers()[10]).as("above 10/15 to 11/15").isEqualTo(1);
        assertThat(found.answers()[7]).as("above 7/15 to 8/15").isEqualTo(1);
    }

    @Test
    void partsAddUp() {
        double[] first = logits(0.6, 0.4, 0.9, 0.1);
        double[] second = logits(0.3, 0.7);
        double[] all = logits(0.6, 0.4, 0.9, 0.1, 0.3, 0.7);
        Loss loss = Loss.SOFTMAX_CROSS_ENTROPY;
        Confidence sum = Confidence.of(batch(0, 1), first, loss).plus(Confidence.of(batch(1), second, loss));
        assertThat(sum.plus(Confidence.empty()))
                .usingRecursiveComparison()
                .isEqualTo(Confidence.of(batch(0, 1, 1), all, loss));
    }

    /** Nine of ten answers given with 0.9 are right. */
    @Test
    void aModelThatKnowsItselfHasNoError() {
        double[] outputs = IntStream.range(0, 10)
                .boxed()
                .flatMapToDouble(i -> Arrays.stream(logits(0.9, 0.1)))
                .toArray();
        Confidence found = Confidence.of(batch(0, 0, 0, 0, 0, 0, 0, 0, 0, 1), outputs, Loss.SOFTMAX_CROSS_ENTROPY);
        assertThat(found.calibrationError()).isEqualTo(0, within(1e-12));
    }

    @Test
    void ofEqualOutputsTheFirstClassIsTheAnswer() {
        double[] equal = new double[7];
        Confidence found = Confidence.of(batch(0), equal, Loss.SOFTMAX_CROSS_ENTROPY);
        assertThat(found.topAccuracy(1)).isEqualTo(1);
        assertThat(Confidence.of(batch(6), equal, Loss.SOFTMAX_CROSS_ENTROPY).topAccuracy(5))
                .isZero();
        assertThat(Confidence.empty().topAccuracy(1)).isNaN();
        assertThat(Confidence.empty().calibrationError()).isNaN();
    }
}
