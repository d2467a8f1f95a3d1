package dev.convoy.data;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class ClassWeightsTest {
    /** The second class has no examples. */
    private static final List<Long> EXAMPLES = List.of(90L, 0L, 9L, 1L);

    @Test
    void balancedClassesWeighTheSameTogether() {
        ClassWeights balanced = ClassWeights.balanced(EXAMPLES);
        assertThat(balanced.values()).containsExactly(100 / 270.0, 1.0, 100 / 27.0, 100 / 3.0);
    }

    @Test
    void mixedExamplesWeighByTheirSharesAndDenseOnesAreNotWeighed() {
        ClassWeights weights = new ClassWeights(List.of(2.0, 0.0, 0.5));
        Target cat = new Target.ClassIndex(0);
        Target dog = new Target.ClassIndex(2);
        Target mixed = new Target.Mixed(cat, dog, 0.75f);
        List<Target> targets = List.of(
                cat, new Target.ClassIndex(1), mixed, new Target.Mixed(mixed, cat, 0.5f), new Target.Dense(new float[] {
                    0, 1, 1
                }));
        ImageBatch batch = new ImageBatch(new ImageShape(1, 1, 1), new long[5], new byte[5], targets);
        assertThat(batch.weights()).containsOnly(1);
        ImageBatch weighed = weights.apply(batch);
        assertThat(weighed.weights()).containsExactly(2, 0, 1.625, 1.8125, 1);
        assertThat(weighed.denseTargets(3)).isEqualTo(batch.denseTargets(3));
        assertThat(ClassWeights.NONE.apply(batch)).isSameAs(batch);
    }

    @Test
    void weightsMultiplyThoseThatABatchHas() {
        ImageBatch batch = new ImageBatch(
                        new ImageShape(1, 1, 1), new long[1], new byte[1], List.of(new Target.ClassIndex(1)))
                .withWeights(new double[] {3});
        assertThat(new ClassWeights(List.of(1.0, 0.5)).apply(batch).weights()).containsExactly(1.5);
        assertThat(batch.weights()).as("not changed").containsExactly(3);
    }

    /** However images are mixed, weights of 1 change no bit. */
    @Test
    void equalWeightsOfOneAreOneExactlyForEveryShare() {
        ClassWeights ones = new ClassWeights(List.of(1.0, 1.0));
        CounterRandom random = CounterRandom.of(1, CounterRandom.Purpose.AUGMENTATION);
        for (int i = 0; i < 1000; i++) {
            float share = (float) Math.pow(random.uniform(i), 1 + i % 40);
            Target mixed = new Target.Mixed(new Target.ClassIndex(0), new Target.ClassIndex(1), share);
            ImageBatch batch = new ImageBatch(new ImageShape(1, 1, 1), new long[1], new byte[1], List.of(mixed));
            assertThat(ones.apply(batch).weights()).containsExactly(1);
        }
    }
}
