package dev.convoy.train.allreduce;

import static org.assertj.core.api.Assertions.assertThat;

import dev.convoy.data.rdd.ImageShards;
import dev.convoy.model.NetworkSpec;
import dev.convoy.model.layer.LayerSpec;
import dev.convoy.model.optimizer.LearningRate;
import dev.convoy.model.optimizer.OptimizerSpec;
import dev.convoy.testing.LocalCluster;
import dev.convoy.testing.Training;
import dev.convoy.train.RoundObserver;
import dev.convoy.train.RoundReport;
import dev.convoy.train.TrainingSpec;
import dev.convoy.train.TrainingState;
import dev.convoy.train.replica.ReplicaSpec;
import dev.convoy.train.sync.SyncSpec;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.apache.spark.api.java.JavaSparkContext;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** States that rank 0 hands over while a segment goes on, within a process and in parts between two. */
@Timeout(value = 5, unit = TimeUnit.MINUTES)
class HandOverTest {
    /** Parameters and momentum are more than a part each. */
    private static final NetworkSpec NETWORK = new NetworkSpec(
            List.of(new LayerSpec.Flatten(), new LayerSpec.Dense(400), new LayerSpec.Relu(), new LayerSpec.Dense(10)));

    private static final TrainingSpec SPEC =
            new TrainingSpec(1, 1, 1, new OptimizerSpec.Momentum(0.9, 0), new LearningRate(0.01), SyncSpec.gradient());

    @TempDir
    Path folder;

    /** Wants states all the time. */
    private static final class Keeper implements RoundObserver {
        private final List<RoundReport> rounds = new ArrayList<>();
        private final List<TrainingState> states = new ArrayList<>();

        @Override
        public void roundCompleted(RoundReport round) {
            rounds.add(round);
        }

        @Override
        public boolean wantsState() {
            return true;
        }

        @Override
        public void stateReached(TrainingState state) {
            states.add(state);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"local[2]", "local-cluster[2,1,1024]"})
    void aStateIsWhatAsManyRoundsComeTo(String cluster) throws IOException {
        ReplicaSpec replica = Training.replica(NETWORK);
        try (JavaSparkContext spark = LocalCluster.context(cluster);
                ImageShards shards = Training.shards(spark, folder, 600, 2);
                AllReduceMaster master = new AllReduceMaster(spark, shards, replica, SPEC, AllReduceSpec.defaults())) {
            TrainingState start = TrainingState.start(replica.bind().initialState(1), SPEC.optimizer());
            Keeper keeper = new Keeper();
            TrainingState end = master.advance(start, Integer.MAX_VALUE, keeper);
            assertThat(keeper.rounds).hasSize(300);
            assertThat(keeper.rounds)
                    .extracting(round -> round.progress().globalRound())
                    .isSorted();
            assertThat(keeper.states).isNotEmpty();
            TrainingState handed = keeper.states.get(0);
            assertThat(handed.progress().step()).isBetween(1, 299);
            assertSame(handed, master.advance(start, handed.progress().step(), round -> {}));
            assertSame(end, master.advance(handed, Integer.MAX_VALUE, round -> {}));
        }
    }

    private static void assertSame(TrainingState found, TrainingState expected) {
        assertThat(found.parameters()).isEqualTo(expected.parameters());
        assertThat(found.optimizer()).usingRecursiveComparison().isEqualTo(expected.optimizer());
        assertThat(found.progress()).isEqualTo(expected.progress());
        assertThat(found.norms()).isEqualTo(expected.norms());
        assertThat(found.epoch().counts()).isEqualTo(expected.epoch().counts());
        assertThat(found.epoch().lossSum()).isEqualTo(expected.epoch().lossSum());
    }
}
