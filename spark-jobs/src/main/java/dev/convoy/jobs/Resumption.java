package dev.convoy.jobs;

import dev.convoy.checkpoint.ImageSetDigest;
import dev.convoy.checkpoint.Provenance;
import dev.convoy.checkpoint.SavedCheckpoint;
import dev.convoy.data.Normalization;
import dev.convoy.data.plan.Shuffle;
import dev.convoy.data.rdd.ImageShards;
import dev.convoy.model.Network;
import dev.convoy.model.NetworkSpec;
import dev.convoy.model.Progress;
import dev.convoy.train.EpochTotals;
import dev.convoy.train.TrainingHistory;
import dev.convoy.train.TrainingSpec;
import dev.convoy.train.TrainingState;
import dev.convoy.train.sync.LocalStepsTuning;
import dev.convoy.train.sync.NormHistory;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.apache.hadoop.fs.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A training that goes on from a checkpoint: what it takes over, and what has changed since. */
final class Resumption {
    private static final Logger LOG = LoggerFactory.getLogger(Resumption.class);

    private final String run;
    private final SavedCheckpoint checkpoint;
    private final boolean allowChanges;
    private final List<String> changes;

    /**
     * @param run how messages call it
     * @param configuration of this attempt, the values that count by key
     * @throws ChangedRunException if it has changed, and may not
     */
    Resumption(String run, SavedCheckpoint checkpoint, Map<String, String> configuration, boolean allowChanges) {
        this.run = run;
        this.checkpoint = checkpoint;
        this.allowChanges = allowChanges;
        this.changes = checkpoint.provenance().configurationChanges(configuration);
        judge(changes);
    }

    private void judge(List<String> found) {
        if (!found.isEmpty() && !allowChanges) {
            throw new ChangedRunException(run, found);
        }
        found.forEach(change -> LOG.warn("Changed since the checkpoint: {}", change));
    }

    /** Describes the images of a training. */
    static Map<String, ImageSetDigest> digests(ImageShards train, Optional<ImageShards> test) {
        Map<String, ImageSetDigest> digests = new TreeMap<>();
        digests.put("train", digest(train));
        test.ifPresent(images -> digests.put("test", digest(images)));
        return digests;
    }

    private static ImageSetDigest digest(ImageShards images) {
        return new ImageSetDigest(
                images.examples(),
                images.rejected().size(),
                images.classNames(),
                images.perClass(),
                Long.toHexString(images.contentHash()));
    }

    /** The number of workers before. */
    int workers() {
        return checkpoint.provenance().workers();
    }

    /** The network before; empty if the configuration now describes another one. */
    Optional<NetworkSpec> network() {
        return hasChanged("network")
                ? Optional.empty()
                : Optional.of(checkpoint.provenance().network());
    }

    /** The normalisation before; empty if the configuration now has another one. */
    Optional<Normalization> normalization() {
        return hasChanged("data.normalization")
                ? Optional.empty()
                : Optional.of(checkpoint.provenance().normalization());
    }

    private boolean hasChanged(String group) {
        return changes.stream().anyMatch(change -> change.startsWith(group + ".") || change.startsWith(group + ":"));
    }

    /** What the epochs before have come to. */
    TrainingHistory history() {
        return checkpoint.history();
    }

    Path folder() {
        return checkpoint.folder();
    }

    /**
     * Reads the state, and says what is not exact.
     *
     * @param network that goes on
     * @param now what is trained from here on
     * @param training how it goes on
     * @throws ChangedRunException if the images have changed, and may not
     */
    TrainingState state(Network network, Provenance now, TrainingSpec training) throws IOException {
        Provenance before = checkpoint.provenance();
        List<String> dataChanges = before.dataChanges(now.data());
        judge(dataChanges);
        before.inexactness(now)
                .forEach(reason -> LOG.warn(
                        "The weights will not be, bit for bit, those of a run that was never interrupted: {}", reason));
        TrainingState state = withoutWhatChanged(checkpoint.state(network), training);
        boolean canonical = training.loading().shuffle().order() == Shuffle.Order.CANONICAL;
        boolean samePlan = (before.workers() == now.workers() || canonical)
                && before.stepsPerEpoch() == now.stepsPerEpoch()
                && dataChanges.isEmpty()
                && !hasChanged("data")
                && !hasChanged("seed");
        return samePlan ? state : onOtherPlan(state, now.stepsPerEpoch());
    }

    /** Memory of an optimizer that is now another one is dropped, and so is what was measured for other rounds. */
    private TrainingState withoutWhatChanged(TrainingState state, TrainingSpec training) {
        boolean otherOptimizer = hasChanged("optimizer.type");
        if (otherOptimizer) {
            LOG.warn("The optimizer is another one, and begins without memory");
        }
        boolean otherRounds = hasChanged("sync.local-steps");
        return new TrainingState(
                state.model(),
                otherOptimizer ? training.optimizer().initialState(state.parameters().length) : state.optimizer(),
                hasChanged("sync.outer") ? new float[0] : state.velocity(),
                otherRounds ? state.progress().withLocalSteps(0) : state.progress(),
                otherOptimizer || hasChanged("sync.exchange") ? NormHistory.EMPTY : state.norms(),
                otherRounds ? LocalStepsTuning.EMPTY : state.tuning(),
                state.epoch(),
                state.grouping(),
                state.lastGood());
    }

    /** A running epoch, whose examples are now in other batches, begins anew. */
    private TrainingState onOtherPlan(TrainingState state, int stepsPerEpoch) {
        Progress before = state.progress();
        // One that was not evaluated any more cannot be reported on: its examples are not those of now.
        int evaluated = history().epochs().size();
        Progress progress = new Progress(
                evaluated, 0, 0, before.globalRound(), (long) evaluated * stepsPerEpoch, before.examples(), 0);
        boolean anew = before.step() > 0 || before.epoch() > evaluated;
        if (anew) {
            LOG.warn("Epoch {} begins anew, since its batches are now others", evaluated + 1);
        }
        EpochTotals epoch =
                anew ? EpochTotals.NONE.plusRetried(state.epoch().counts().trained()) : state.epoch();
        return new TrainingState(
                state.model(),
                state.optimizer(),
                state.velocity(),
                progress,
                state.norms(),
                LocalStepsTuning.EMPTY,
                epoch,
                state.grouping(),
                state.lastGood());
    }
}
