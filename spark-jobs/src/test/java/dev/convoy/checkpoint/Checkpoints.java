package dev.convoy.checkpoint;

import dev.convoy.data.ClassWeights;
import dev.convoy.data.ImageShape;
import dev.convoy.data.Normalization;
import dev.convoy.model.Evaluation;
import dev.convoy.model.ModelState;
import dev.convoy.model.Network;
import dev.convoy.model.NetworkSpec;
import dev.convoy.model.Progress;
import dev.convoy.model.layer.LayerSpec;
import dev.convoy.model.optimizer.OptimizerState;
import dev.convoy.train.CompensatedSum;
import dev.convoy.train.EpochReport;
import dev.convoy.train.EpochTotals;
import dev.convoy.train.RoundReport;
import dev.convoy.train.TrainingHistory;
import dev.convoy.train.TrainingState;
import dev.convoy.train.sync.LocalStepsTuning;
import dev.convoy.train.sync.NormHistory;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;

/** A checkpoint in which nothing is left out and no two values are the same. */
final class Checkpoints {
    static final ImageShape INPUT = new ImageShape(1, 4, 4);
    static final NetworkSpec SPEC = new NetworkSpec(List.of(
            new LayerSpec.Flatten(), new LayerSpec.Dense(3), new LayerSpec.BatchNorm(), new LayerSpec.Dense(2)));
    static final Network NETWORK = SPEC.bind(INPUT);

    private Checkpoints() {}

    static Provenance provenance() {
        ImageSetDigest train = new ImageSetDigest(100, 1, List.of("cat", "dog"), List.of(60L, 40L), "abc");
        return new Provenance(
                "0.1",
                "torch on cpu",
                2,
                10,
                Map.of("optimizer.type", "\"adam\"", "train.epochs", "3"),
                Map.of("train", train),
                SPEC,
                INPUT,
                new Normalization(new float[] {0.1f}, new float[] {0.3f}),
                new ClassWeights(List.of(0.5, 1.5)));
    }

    /** In the middle of the second epoch. */
    static Checkpoint at(long round) {
        Random random = new Random(round);
        RoundReport.Counts counts = new RoundReport.Counts(31, 1, 2, 3, 4, 5);
        EpochTotals totals = new EpochTotals(
                4,
                counts,
                new CompensatedSum(1.1, 1e-17),
                new RoundReport.Times(1.2, 2.3, 0.1, 0.01),
                new CompensatedSum(3.3, -1e-17));
        TrainingState state = new TrainingState(
                model(random),
                new OptimizerState(14, List.of(values(random), values(random))),
                values(random),
                new Progress(1, 4, 4, round, 14, 131, 3),
                new NormHistory(List.of(0.1, Double.MAX_VALUE, 1.0 / 3), 1),
                new LocalStepsTuning(List.of(new LocalStepsTuning.Timing(0.1, 0.2)), 7),
                totals,
                List.of(0, 0, 1),
                model(random));
        return new Checkpoint(state, history(), provenance());
    }

    /** At the end of an epoch. */
    static Checkpoint atEpoch(int epoch) {
        Checkpoint middle = at(10L * epoch);
        TrainingState state = middle.state();
        Progress progress = new Progress(epoch, 0, 0, 10L * epoch, 10L * epoch, 100L * epoch, 0);
        return new Checkpoint(
                new TrainingState(
                        state.model(),
                        state.optimizer(),
                        state.velocity(),
                        progress,
                        state.norms(),
                        state.tuning(),
                        state.epoch(),
                        List.of(),
                        state.model()),
                middle.history(),
                middle.provenance());
    }

    private static TrainingHistory history() {
        Evaluation test = new Evaluation(10, 2.5, 2, Map.of(0L, 6L, 1L, 1L, 4L, 3L));
        EpochReport epoch = new EpochReport(
                1,
                10,
                new EpochReport.Ledger(100, 99, 1, 0, 0, 0, 16),
                Double.NaN,
                Optional.of(new EpochReport.Test(10, 0.25, 0.9)),
                1.1,
                1.2,
                1.3,
                1.4,
                1.5);
        return new TrainingHistory(List.of(epoch), Optional.of(test));
    }

    private static ModelState model(Random random) {
        return new ModelState(values(random), values(random, NETWORK.layout().bufferCount()));
    }

    private static float[] values(Random random) {
        return values(random, NETWORK.layout().parameterCount());
    }

    private static float[] values(Random random, int length) {
        float[] values = new float[length];
        for (int i = 0; i < length; i++) {
            values[i] = Float.intBitsToFloat(random.nextInt());
        }
        return values;
    }
}
