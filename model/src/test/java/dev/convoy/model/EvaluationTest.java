package dev.convoy.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.convoy.data.ClassWeights;
import dev.convoy.data.ImageBatch;
import dev.convoy.data.ImageShape;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class EvaluationTest {
    /** Three examples of classes 0, 1, 2, answered 0, 0, 2. */
    private static Evaluation evaluation() {
        ImageBatch batch = TestBatches.classes(new ImageShape(1, 1, 1), 3, 3);
        double[] outputs = {2, 1, 0, 2, 1, 0, 0, 0, 5};
        return Evaluation.of(batch, outputs, Loss.SOFTMAX_CROSS_ENTROPY);
    }

    @Test
    void countsWhatItSays() {
        Evaluation evaluation = evaluation();
        assertThat(evaluation.accuracy()).isEqualTo(2 / 3.0);
        assertThat(evaluation.counts().precision(0)).isEqualTo(0.5);
        assertThat(evaluation.counts().precision(1)).isNaN();
        assertThat(evaluation.counts().recall(1)).isZero();
        assertThat(evaluation.counts().recall(2)).isEqualTo(1);
        assertThat(evaluation.confusion().orElseThrow()).isDeepEqualTo(new long[][] {{1, 0, 0}, {1, 0, 0}, {0, 0, 1}});
        double logSum = Math.log(Math.exp(2) + Math.exp(1) + 1);
        double loss = (logSum - 2) + (logSum - 1) + (Math.log(2 + Math.exp(5)) - 5);
        assertThat(evaluation.loss()).isCloseTo(loss / 3, within(1e-12));
    }

    @Test
    void partsAddUp() {
        Evaluation twice = Evaluation.empty(3).plus(evaluation()).plus(evaluation());
        assertThat(twice.examples()).isEqualTo(6);
        assertThat(twice.accuracy()).isEqualTo(evaluation().accuracy());
        assertThat(twice.loss()).isCloseTo(evaluation().loss(), within(1e-12));
        assertThat(twice.counts().support()[2]).isEqualTo(2);
    }

    /** All pairs of them would be 1.15 GB. */
    @Test
    void ofManyClassesOnlyAnswersAreKept() {
        int classes = 12_000;
        ImageBatch batch = TestBatches.classes(new ImageShape(1, 1, 1), 4, classes);
        double[] outputs = new double[4 * classes];
        outputs[2] = 1;
        outputs[classes + 1] = 1;
        Evaluation evaluation = Evaluation.of(batch, outputs, Loss.SOFTMAX_CROSS_ENTROPY);
        assertThat(evaluation.confusion()).isEmpty();
        assertThat(evaluation.answers()).hasSize(4);
        assertThat(evaluation.accuracy()).isEqualTo(0.25);
        assertThat(evaluation.counts().answered()[2]).isEqualTo(1);
        assertThat(evaluation.counts().support()[3]).isEqualTo(1);
    }

    /** Compared with a number, one that is none is never larger, or always. */
    @Test
    void outputsThatAreNotFiniteAreNoAnswer() {
        ImageBatch batch = TestBatches.classes(new ImageShape(1, 1, 1), 3, 3);
        double[] outputs = {Double.NaN, 1, 0, 0, 1, 0, 0, Double.POSITIVE_INFINITY, 5};
        Evaluation evaluation = Evaluation.of(batch, outputs, Loss.SQUARED_ERROR);
        assertThat(evaluation.unanswered()).isEqualTo(2);
        assertThat(evaluation.accuracy()).isEqualTo(1 / 3.0);
        assertThat(evaluation.counts().support()).containsExactly(1, 1, 1);
        assertThat(evaluation.counts().answered()).containsExactly(0, 1, 0);
    }

    /** Each example by itself, times its weight, over the number of examples; a weight of 1 changes no bit. */
    @ParameterizedTest
    @EnumSource(Loss.class)
    void weightsMultiplyTheLossAndGradientOfAnExample(Loss loss) {
        double[] z = {2, -1, 0.5, 1, 3, -2};
        float[] t = {1, 0, 0, 1, 1, 0};
        double[] weights = {2, 0, 0.25};
        double[] gradient = new double[6];
        double sum = loss.sum(z, t, weights, 2, gradient);
        double expected = 0;
        for (int i = 0; i < 3; i++) {
            double[] alone = new double[2];
            float[] target = Arrays.copyOfRange(t, 2 * i, 2 * i + 2);
            expected += weights[i] * loss.sum(Arrays.copyOfRange(z, 2 * i, 2 * i + 2), target, 2, alone);
            assertThat(gradient[2 * i]).isCloseTo(weights[i] * alone[0] / 3, within(1e-15));
            assertThat(gradient[2 * i + 1]).isCloseTo(weights[i] * alone[1] / 3, within(1e-15));
        }
        assertThat(sum).isCloseTo(expected, within(1e-14));
        double[] plain = new double[6];
        double[] ones = new double[6];
        assertThat(loss.sum(z, t, new double[] {1, 1, 1}, 2, ones)).isEqualTo(loss.sum(z, t, 2, plain));
        assertThat(ones).isEqualTo(plain);
    }

    @Test
    void aWeighedBatchIsEvaluatedAsAnyOther() {
        ImageBatch batch = TestBatches.classes(new ImageShape(1, 1, 1), 3, 3);
        double[] outputs = {2, 1, 0, 2, 1, 0, 0, 0, 5};
        ImageBatch weighed = new ClassWeights(List.of(3.0, 0.0, 7.0)).apply(batch);
        assertThat(Evaluation.of(weighed, outputs, Loss.SOFTMAX_CROSS_ENTROPY).loss())
                .isEqualTo(evaluation().loss());
    }

    @Test
    void lossesAreStableAndKeepNotANumber() {
        double[] gradient = new double[2];
        assertThat(Loss.SOFTMAX_CROSS_ENTROPY.sum(new double[] {1000, -1000}, new float[] {0, 1}, 2, gradient))
                .isEqualTo(2000);
        assertThat(Loss.BINARY_CROSS_ENTROPY.sum(new double[] {1000, -1000}, new float[] {0, 1}, 2, gradient))
                .isEqualTo(1000);
        for (Loss loss : Loss.values()) {
            assertThat(loss.sum(new double[] {Double.NaN, 1}, new float[] {0, 1}, 2, gradient))
                    .isNaN();
        }
    }
}
