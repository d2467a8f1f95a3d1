package dev.convoy.checkpoint;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.convoy.model.Evaluation;
import dev.convoy.model.Progress;
import dev.convoy.model.file.SpecJson;
import dev.convoy.train.EpochReport;
import dev.convoy.train.EpochTotals;
import dev.convoy.train.TrainingHistory;
import dev.convoy.train.TrainingState;
import dev.convoy.train.sync.LocalStepsTuning;
import dev.convoy.train.sync.NormHistory;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * The content of {@code state.json}: all of a checkpoint but its vectors.
 *
 * @param optimizerSteps that have gone into the optimizer's memory
 * @param optimizerSlots the number of vectors in it
 * @param hasVelocity whether an outer optimizer has a memory
 * @param lastGoodApart whether the last good model is not the state's own, and so stands beside it
 * @param epoch what the rounds of the running epoch have come to
 * @param grouping by worker, the number of the group that it was summed in last
 * @param history of the epochs before
 * @param test the evaluation after the last of them; null without one
 */
record CheckpointJson(
        String format,
        Progress progress,
        long optimizerSteps,
        int optimizerSlots,
        boolean hasVelocity,
        boolean lastGoodApart,
        NormHistory norms,
        LocalStepsTuning tuning,
        EpochTotals epoch,
        List<Integer> grouping,
        List<Epoch> history,
        Evaluation test,
        Provenance provenance) {
    static final String FORMAT = "convoy-checkpoint-1";

    /** Nothing may be left out, since absent numbers would be read as 0. */
    static final ObjectMapper MAPPER = SpecJson.MAPPER
            .copy()
            .setSerializationInclusion(JsonInclude.Include.ALWAYS)
            .enable(DeserializationFeature.FAIL_ON_MISSING_CREATOR_PROPERTIES)
            .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

    CheckpointJson {
        Objects.requireNonNull(norms);
        Objects.requireNonNull(tuning);
        Objects.requireNonNull(epoch);
        Objects.requireNonNull(provenance);
        grouping = List.copyOf(grouping);
        history = List.copyOf(history);
        if (progress.epoch() < 0 || progress.step() < 0 || progress.globalStep() < 0 || optimizerSlots < 0) {
            throw new IllegalArgumentException("A count is below 0");
        }
        // Refuses reports that are not in their order.
        history(history, test);
    }

    /** An {@link EpochReport}. */
    record Epoch(
            int epoch,
            int rounds,
            EpochReport.Ledger ledger,
            double trainLoss,
            EpochReport.Test test,
            double trainSeconds,
            double computeSeconds,
            double waitSeconds,
            double dataSeconds,
            double evaluateSeconds) {
        static Epoch of(EpochReport report) {
            return new Epoch(
                    report.epoch(),
                    report.rounds(),
                    report.ledger(),
                    report.trainLoss(),
                    report.test().orElse(null),
                    report.trainSeconds(),
                    report.computeSeconds(),
                    report.waitSeconds(),
                    report.dataSeconds(),
                    report.evaluateSeconds());
        }

        EpochReport report() {
            return new EpochReport(
                    epoch,
                    rounds,
                    ledger,
                    trainLoss,
                    Optional.ofNullable(test),
                    trainSeconds,
                    computeSeconds,
                    waitSeconds,
                    dataSeconds,
                    evaluateSeconds);
        }
    }

    static CheckpointJson of(Checkpoint checkpoint) {
        TrainingState state = checkpoint.state();
        return new CheckpointJson(
                FORMAT,
                state.progress(),
                state.optimizer().steps(),
                state.optimizer().slots().size(),
                state.velocity().length > 0,
                state.lastGood() != state.model(),
                state.norms(),
                state.tuning(),
                state.epoch(),
                state.grouping(),
                checkpoint.history().epochs().stream().map(Epoch::of).toList(),
                checkpoint.history().test().orElse(null),
                checkpoint.provenance());
    }

    TrainingHistory trainingHistory() {
        return history(history, test);
    }

    private static TrainingHistory history(List<Epoch> epochs, Evaluation test) {
        return new TrainingHistory(epochs.stream().map(Epoch::report).toList(), Optional.ofNullable(test));
    }
}
