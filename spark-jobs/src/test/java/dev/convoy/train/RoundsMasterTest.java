package dev.convoy.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.convoy.data.rdd.ImageShards;
import dev.convoy.model.optimizer.OptimizerSpec;
import dev.convoy.testing.FaultyBackend;
import dev.convoy.testing.Training;
import dev.convoy.train.replica.ReplicaSpec;
import dev.convoy.train.rounds.RoundsMaster;
import dev.convoy.train.sync.SyncSpec;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.apache.spark.api.java.JavaSparkContext;
import org.junit.jupiter.api.Test;

class RoundsMasterTest extends TrainingMasterContract {
    @Override
    TrainingMaster master(JavaSparkContext spark, ImageShards shards, ReplicaSpec replica, TrainingSpec spec) {
        return new RoundsMaster(spark, shards, replica, spec);
    }

    /** As when a job is cancelled in the middle of an epoch: what the rounds before have come to is handed over. */
    @Test
    void aRoundThatFailsCostsNoneBeforeIt(JavaSparkContext spark) throws IOException {
        TrainingSpec spec =
                new TrainingSpec(1, 1, 16, new OptimizerSpec.Momentum(), Training.RATE, SyncSpec.averaging(2));
        ReplicaSpec faulty = Training.replica("faulty", Training.SMALL);
        TrainingState start = TrainingState.start(faulty.bind().initialState(1), spec.optimizer());
        List<TrainingState> reached = new ArrayList<>();
        RoundObserver observer = new RoundObserver() {
            @Override
            public void roundCompleted(RoundReport round) {}

            @Override
            public void stateReached(TrainingState state) {
                reached.add(state);
            }
        };
        try (ImageShards shards = Training.shards(spark, folder, 400, 2);
                TrainingMaster master = master(spark, shards, faulty, spec)) {
            FaultyBackend.disturbance = (step, parameters) -> {
                if (step.globalStep() == 5) {
                    throw new IllegalStateException("this step is never done");
                }
            };
            assertThatThrownBy(() -> master.advance(start, 10, observer))
                    .hasStackTraceContaining("this step is never done");
            FaultyBackend.disturbance = (step, parameters) -> {};
            TrainingState expected = master.advance(start, 2, round -> {});
            assertThat(reached).hasSize(1);
            assertThat(reached.get(0).progress()).isEqualTo(expected.progress());
            assertThat(reached.get(0).parameters()).isEqualTo(expected.parameters());
        } finally {
            FaultyBackend.disturbance = (step, parameters) -> {};
        }
    }
}
