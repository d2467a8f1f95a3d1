package dev.convoy.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.convoy.data.ImageBatch;
import dev.convoy.data.ImageShape;
import org.junit.jupiter.api.Test;

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
        assertThat(evaluation.precision(0)).isEqualTo(0.5);
        assertThat(evaluation.precision(1)).isNaN();
        assertThat(evaluation.recall(1)).isZero();
        assertThat(evaluation.recall(2)).isEqualTo(1);
        assertThat(evaluation.confusion()).isDeepEqualTo(new long[][] {{1, 0, 0}, {1, 0, 0}, {0, 0, 1}});
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
        assertThat(twice.support(2)).isEqualTo(2);
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
