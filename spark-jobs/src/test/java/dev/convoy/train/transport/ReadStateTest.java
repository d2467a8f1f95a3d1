package dev.convoy.train.transport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.convoy.model.ModelState;
import dev.convoy.model.optimizer.OptimizerSpec;
import dev.convoy.testing.LocalCluster;
import dev.convoy.train.TrainingState;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.List;
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

    /** Who needs a part of a vector reads that, even over a border of blocks, and nothing beside it. */
    @Test
    void partsAreReadIntoWhereTheyBelong() throws IOException {
        float[] parameters = new float[2 * Payload.BLOCK + 5];
        for (int i = 0; i < parameters.length; i++) {
            parameters[i] = i % 1_000_003;
        }
        TrainingState state =
                TrainingState.start(new ModelState(parameters, new float[] {7}), new OptimizerSpec.Momentum());
        try (JavaSparkContext spark = LocalCluster.context(new SparkConf().setMaster("local[2]"));
                StateBroadcast travels = StateBroadcast.OverSpark.of(spark, state);
                StateBroadcast stays = StateBroadcast.of(spark, state)) {
            for (StateBlocks blocks : List.of(travels.blocks(), stays.blocks())) {
                int[][] parts = {{0, 3}, {5, 0}, {Payload.BLOCK - 2, Payload.BLOCK + 6}, {parameters.length - 4, 4}};
                for (int[] part : parts) {
                    FloatBuffer target =
                            FloatBuffer.allocate(part[1] + 2).put(0, -1).put(part[1] + 1, -2);
                    StateBlocks.read(List.of(
                            new StateBlocks.Part(blocks.parameters(), part[0], target.slice(1, part[1])),
                            new StateBlocks.Part(blocks.slots().get(0), part[0], FloatBuffer.allocate(part[1]))));
                    float[] expected = new float[part[1] + 2];
                    System.arraycopy(parameters, part[0], expected, 1, part[1]);
                    expected[0] = -1;
                    expected[part[1] + 1] = -2;
                    assertThat(target.array()).isEqualTo(expected);
                }
                assertThat(blocks.buffers().values()).containsExactly(7);
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
