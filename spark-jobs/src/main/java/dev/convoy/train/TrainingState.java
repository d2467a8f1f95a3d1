package dev.convoy.train;

import dev.convoy.model.ModelState;
import dev.convoy.model.Progress;
import dev.convoy.model.optimizer.OptimizerSpec;
import dev.convoy.model.optimizer.OptimizerState;
import dev.convoy.train.sync.LocalStepsTuning;
import dev.convoy.train.sync.NormHistory;
import java.io.Serializable;
import java.util.List;

/**
 * Everything that the next round depends on. Immutable: arrays are not copied and must not be changed.
 *
 * @param model parameters and running statistics
 * @param optimizer the optimizer's memory
 * @param velocity the outer optimizer's memory, as long as the parameters; empty if it has none, or no round has been done
 * @param progress how far training has come
 * @param norms of the last rounds, and how many bad ones came in a row
 * @param tuning what has been measured to choose the number of local steps
 * @param epoch what the rounds of the running epoch have done; after an epoch's last round, of that epoch
 * @param grouping by worker, the number of the group that it was summed in last, where groups of workers sum first; empty if they do not
 * @param lastGood the model from which the last round began that went well; the first model before any has
 */
public record TrainingState(
        ModelState model,
        OptimizerState optimizer,
        float[] velocity,
        Progress progress,
        NormHistory norms,
        LocalStepsTuning tuning,
        EpochTotals epoch,
        List<Integer> grouping,
        ModelState lastGood)
        implements Serializable {
    public TrainingState {
        grouping = List.copyOf(grouping);
    }

    /** The state before the first step, from freshly drawn weights or from others. */
    public static TrainingState start(ModelState model, OptimizerSpec optimizer) {
        return new TrainingState(
                model,
                optimizer.initialState(model.parameters().length),
                new float[0],
                Progress.START,
                NormHistory.EMPTY,
                LocalStepsTuning.EMPTY,
                EpochTotals.NONE,
                List.of(),
                model);
    }

    /** The model's trained values. */
    public float[] parameters() {
        return model.parameters();
    }

    /** The model's running statistics. */
    public float[] buffers() {
        return model.buffers();
    }

    /** Rounds in a row are measured from other timings, or settled by them. */
    public TrainingState withTuning(LocalStepsTuning other) {
        return new TrainingState(model, optimizer, velocity, progress, norms, other, epoch, grouping, lastGood);
    }

    /** The running epoch has come to other totals. */
    public TrainingState withEpoch(EpochTotals other) {
        return new TrainingState(model, optimizer, velocity, progress, norms, tuning, other, grouping, lastGood);
    }

    /**
     * What workers need to take the steps of one round.
     *
     * @param optimizerToo whether they go on with the optimizer's memory
     */
    public TrainingState forWorkers(boolean optimizerToo) {
        return new TrainingState(
                model,
                optimizerToo ? optimizer : OptimizerState.NONE,
                new float[0],
                progress,
                NormHistory.EMPTY,
                LocalStepsTuning.EMPTY,
                EpochTotals.NONE,
                List.of(),
                model);
    }

    /** Another model is known to be the last good one. */
    public TrainingState withLastGood(ModelState other) {
        return new TrainingState(model, optimizer, velocity, progress, norms, tuning, epoch, grouping, other);
    }
}
