package dev.convoy.train.transport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.convoy.model.ModelState;
import dev.convoy.model.optimizer.OptimizerSpec;
import dev.convoy.testing.LocalCluster;
import dev.convoy.train.TrainingState;
import java.io.IOException;
import java.util.Arrays;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaSparkContext;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(120)
class ReadStateTest {
    /** Two blocks, the second one of a few floats. */
    private static final int LENGTH = Payload.BLOCK + 5;

    @Test
    void memoryIsUsedAgainOnceNobodyUsesIt() throws IOException {
        try (JavaSparkContext spark = LocalCluster.context(new SparkConf().setMaster("local[2]"));
                StateBroadcast ones = of(spark, 1);
                StateBroadcast twos = of(spark, 2);
                StateBroadcast threes = of(spark, 3)) {
            float[] second;
            try (StateBroadcast.Loan one = ones.borrow();
                    StateBroadcast.Loan again = ones.borrow();
                    StateBroadcast.Loan two = twos.borrow()) {
                second = two.state().parameters();
                assertThat(again.state()).as("shared").isSameAs(one.state());
                assertAll(one, 1);
                assertAll(two, 2);
            }
            try (StateBroadcast.Loan three = threes.borrow()) {
                assertThat(three.state().parameters()).isSameAs(second);
                assertAll(three, 3);
            }
        }
    }

    /** Half of another state lies in the memory then. */
    @Test
    void whatCouldNotBeReadIsNotTakenForWhatWasReadLast() throws IOException {
        try (JavaSparkContext spark = LocalCluster.context(new SparkConf().setMaster("local[2]"));
                StateBroadcast ones = of(spark, 1)) {
            StateBroadcast.OverSpark lost = of(spark, 2);
            try (StateBroadcast.Loan one = ones.borrow()) {
                assertAll(one, 1);
            }
            spark.env().blockManager().removeBroadcast(lost.handle().id(), true);
            assertThatThrownBy(lost::borrow)
                    .satisfies(e -> assertThat(BlockLostException.isBehind(e)).isTrue());
            try (StateBroadcast.Loan one = ones.borrow()) {
                assertAll(one, 1);
            }
        }
    }

    private static StateBroadcast.OverSpark of(JavaSparkContext spark, float value) {
        float[] parameters = new float[LENGTH];
        Arrays.fill(parameters, value);
        return StateBroadcast.OverSpark.of(
                spark,
                TrainingState.start(new ModelState(parameters, new float[] {value}), new OptimizerSpec.Momentum()));
    }

    private static void assertAll(StateBroadcast.Loan loan, float value) {
        assertThat(loan.state().parameters()).hasSize(LENGTH).containsOnly(value);
        assertThat(loan.state().model().buffers()).containsExactly(value);
    }
}
