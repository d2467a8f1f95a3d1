package dev.convoy.jobs;

import dev.convoy.checkpoint.Checkpoint;
import dev.convoy.checkpoint.CheckpointSchedule;
import dev.convoy.checkpoint.CheckpointStore;
import dev.convoy.checkpoint.Provenance;
import dev.convoy.checkpoint.Retention;
import dev.convoy.data.ConvoyException;
import dev.convoy.data.decode.Preparation;
import dev.convoy.model.ModelState;
import dev.convoy.model.Network;
import dev.convoy.model.Progress;
import dev.convoy.model.file.TrainedModel;
import dev.convoy.storage.BackgroundWriter;
import dev.convoy.train.EarlyStopping;
import dev.convoy.train.EpochReport;
import dev.convoy.train.RoundReport;
import dev.convoy.train.TrainingHistory;
import dev.convoy.train.TrainingListener;
import dev.convoy.train.TrainingState;
import dev.convoy.train.TrainingStore;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.apache.hadoop.fs.Path;

/**
 * Keeps the run directory up to date, beside training: after every epoch the models and {@code metrics.csv}, and checkpoints when they are
 * due. What cannot be written for a while is written later; only at the end it has to be.
 */
final class RunRecorder implements TrainingStore, TrainingListener, AutoCloseable {
    /**
     * What is kept, and when.
     *
     * @param schedule of checkpoints; empty for none
     * @param retention of checkpoints
     * @param stopping says which epoch is the best
     */
    record Policy(Optional<CheckpointSchedule> schedule, Retention retention, EarlyStopping stopping) {}

    private final RunDirectory run;
    private final Network network;
    private final Provenance provenance;
    private final List<String> classNames;
    private final Preparation preparation;
    private final Policy policy;
    private final Optional<Path> resumedFrom;
    private final CheckpointStore checkpoints;
    private final BackgroundWriter writer = new BackgroundWriter();

    // Read by other threads too.
    private volatile TrainingHistory history;
    private volatile Progress progress;
    private volatile Optional<Path> checkpoint;
    private volatile long lastCheckpoint = System.nanoTime();
    /** Rounds and evaluated epochs of the last checkpoint, that of the attempt's beginning at first. */
    private long lastSaved;

    private int lastSavedEpochs;

    /**
     * @param history of earlier attempts
     * @param resumedFrom the checkpoint that this attempt goes on from, which stays; empty if it begins
     */
    RunRecorder(
            RunDirectory run,
            Network network,
            Provenance provenance,
            List<String> classNames,
            Preparation preparation,
            Policy policy,
            TrainingHistory history,
            Optional<Path> resumedFrom) {
        this.run = run;
        this.network = network;
        this.provenance = provenance;
        this.classNames = classNames;
        this.preparation = preparation;
        this.policy = policy;
        this.history = history;
        this.resumedFrom = resumedFrom;
        this.checkpoint = resumedFrom;
        this.progress = Progress.START;
        this.checkpoints = new CheckpointStore(run.files(), new Path(run.path(), RunDirectory.CHECKPOINTS));
    }

    /** What is known of the training so far. */
    TrainingSnapshot snapshot() {
        return TrainingSnapshot.of(history, progress, checkpoint, writer.failures(), policy.stopping);
    }

    /** How far training has come. */
    Progress progress() {
        return progress;
    }

    @Override
    public void runStarted(Run started) {
        progress = started.start().progress();
        lastSaved = progress.globalRound();
        lastSavedEpochs = started.history().epochs().size();
    }

    @Override
    public void roundCompleted(RoundReport round) {
        progress = round.progress();
    }

    @Override
    public int roundsUntilDue(Progress now) {
        return policy.schedule.map(schedule -> schedule.roundsUntilDue(now)).orElse(Integer.MAX_VALUE);
    }

    @Override
    public boolean isDue() {
        return policy.schedule
                .filter(schedule -> schedule.isDue(System.nanoTime() - lastCheckpoint))
                .isPresent();
    }

    @Override
    public void offer(TrainingHistory now, TrainingState state) {
        boolean due = policy.schedule
                .filter(schedule -> schedule.isDue(state.progress()))
                .isPresent();
        if (due || isDue()) {
            saveCheckpoint(now, state);
        }
    }

    @Override
    public void keepEpoch(TrainingHistory now, TrainingState state) {
        history = now;
        Optional<EpochReport> best = policy.stopping.best(now);
        if (best.isEmpty() || best.equals(now.last())) {
            saveModel(RunDirectory.MODEL, state.model());
        }
        saveModel(RunDirectory.LAST_MODEL, state.model());
        submit(RunDirectory.METRICS, () -> Metrics.write(run, now.epochs()));
        offer(now, state);
    }

    @Override
    public void keepLast(TrainingHistory now, TrainingState state) {
        boolean isNew =
                state.progress().globalRound() > lastSaved || now.epochs().size() > lastSavedEpochs;
        if (policy.schedule.isPresent() && isNew) {
            saveCheckpoint(now, state);
        }
    }

    /** Keeps the last good model of a training that has diverged. */
    void keepLastGood(ModelState model) {
        if (history.epochs().isEmpty()) {
            saveModel(RunDirectory.MODEL, model);
        }
        saveModel(RunDirectory.LAST_MODEL, model);
    }

    private void saveModel(String folder, ModelState model) {
        TrainedModel trained = new TrainedModel(
                network, classNames, provenance.normalization(), preparation, model.parameters(), model.buffers());
        submit(folder, () -> trained.save(run.files(), new Path(run.path(), folder)));
    }

    private void saveCheckpoint(TrainingHistory now, TrainingState state) {
        lastCheckpoint = System.nanoTime();
        lastSaved = state.progress().globalRound();
        lastSavedEpochs = now.epochs().size();
        Checkpoint next = new Checkpoint(state, now, provenance);
        OptionalInt best = policy.stopping
                .best(now)
                .map(epoch -> OptionalInt.of(epoch.epoch()))
                .orElseGet(OptionalInt::empty);
        submit("a checkpoint", () -> {
            checkpoint = Optional.of(checkpoints.write(next, network));
            checkpoints.prune(policy.retention, next.round(), best, resumedFrom);
        });
    }

    private void submit(String what, BackgroundWriter.Write write) {
        writer.submit(what, () -> {
            run.checkHeld();
            write.run();
        });
    }

    /**
     * Waits until everything is written.
     *
     * @throws ConvoyException if something cannot be
     */
    void finish() {
        try {
            writer.flush();
        } catch (IOException e) {
            throw RunDirectory.unwritable(run.path(), e);
        }
    }

    @Override
    public void close() {
        writer.close();
    }
}
