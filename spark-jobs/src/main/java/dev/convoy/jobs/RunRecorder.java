package dev.convoy.jobs;

import dev.convoy.data.Normalization;
import dev.convoy.model.Evaluation;
import dev.convoy.model.ModelState;
import dev.convoy.model.Network;
import dev.convoy.model.file.TrainedModel;
import dev.convoy.train.EpochReport;
import dev.convoy.train.EpochStore;
import dev.convoy.train.TrainingState;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.apache.hadoop.fs.FSError;
import org.apache.hadoop.fs.Path;

/** Keeps the run directory up to date: after every epoch the model and {@code metrics.csv}. */
final class RunRecorder implements EpochStore {
    private final RunDirectory run;
    private final Network network;
    private final List<String> classNames;
    private final Normalization normalization;
    /** Read by another thread if the process is told to end. */
    private final List<EpochReport> epochs = new CopyOnWriteArrayList<>();

    RunRecorder(RunDirectory run, Network network, List<String> classNames, Normalization normalization) {
        this.run = run;
        this.network = network;
        this.classNames = classNames;
        this.normalization = normalization;
    }

    List<EpochReport> epochs() {
        return List.copyOf(epochs);
    }

    /** A line of {@code metrics.csv}; numbers that have no value are left empty. */
    private record Line(
            int epoch,
            Double trainLoss,
            Double testLoss,
            Double testAccuracy,
            long examples,
            double imagesPerSecond,
            double trainSeconds,
            double computeSeconds,
            double waitSeconds,
            double dataSeconds,
            double syncSeconds) {
        static Line of(EpochReport epoch) {
            return new Line(
                    epoch.epoch(),
                    Result.finite(epoch.trainLoss()),
                    epoch.test().map(Evaluation::loss).orElse(null),
                    epoch.test().map(Evaluation::accuracy).orElse(null),
                    epoch.ledger().trained(),
                    epoch.imagesPerSecond(),
                    epoch.trainSeconds(),
                    epoch.computeSeconds(),
                    epoch.waitSeconds(),
                    epoch.dataSeconds(),
                    epoch.syncSeconds());
        }
    }

    @Override
    public void keep(EpochReport epoch, TrainingState state) {
        epochs.add(epoch);
        save(state.model());
        run.writeTable("metrics.csv", Line.class, epochs.stream().map(Line::of).toList());
    }

    /** Replaces the model, of which whoever reads it meanwhile sees the old weights or the new ones, whole. */
    void save(ModelState state) {
        Path model = new Path(run.path(), RunDirectory.MODEL);
        try {
            new TrainedModel(network, classNames, normalization, state.parameters(), state.buffers())
                    .save(run.files(), model);
        } catch (IOException | FSError e) {
            throw RunDirectory.unwritable(model, e);
        }
    }
}
