package dev.convoy.jobs;

import com.typesafe.config.Config;
import dev.convoy.checkpoint.SavedCheckpoint;
import dev.convoy.config.ConfigReader;
import dev.convoy.config.JobConfig;
import dev.convoy.config.SignificantKeys;
import dev.convoy.data.ConvoyException;
import dev.convoy.data.source.ImageListing;
import dev.convoy.model.Json;
import dev.convoy.report.page.ReportPage;
import dev.convoy.storage.Interruption;
import dev.convoy.train.StopSignal;
import dev.convoy.train.TrainingListener;
import java.io.IOException;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.hadoop.fs.FSError;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.api.java.JavaSparkContext;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** From a configuration to a run directory with an evaluated model. */
public final class TrainJob {
    private static final Logger LOG = LoggerFactory.getLogger(TrainJob.class);

    private final JavaSparkContext spark;
    private final Config config;
    private final JobConfig job;
    private final List<TrainingListener> listeners;
    private final Resume resume;
    private final Night night;
    private final Purpose purpose;

    /** What a job is for. */
    public enum Purpose {
        /** A trained model. */
        TRAIN,
        /** To see that everything is there and fits: all is done but training, and nothing is left. */
        DRY_RUN,
        /** The curve of losses over learning rates; no model. */
        FIND_RATE
    }

    /**
     * What a night of retraining decides for a training.
     *
     * @param listed the images by set, in place of what the configuration names
     * @param signal is set when the process is told to end
     */
    record Night(Map<String, ImageListing> listed, StopSignal signal) {}

    /**
     * @param config of {@link ConfigReader#read}
     * @throws ConvoyException if the configuration is not sound
     */
    public TrainJob(JavaSparkContext spark, Config config, List<? extends TrainingListener> listeners) {
        this(spark, config, listeners, Resume.NEVER, new Night(Map.of(), new StopSignal()), Purpose.TRAIN);
    }

    private TrainJob(
            JavaSparkContext spark,
            Config config,
            List<? extends TrainingListener> listeners,
            Resume resume,
            Night night,
            Purpose purpose) {
        this.spark = spark;
        this.config = config;
        this.job = ConfigReader.toTrainingConfig(config);
        this.listeners = List.copyOf(listeners);
        this.resume = resume;
        this.night = night;
        this.purpose = purpose;
    }

    /** Goes on with an earlier run. */
    public TrainJob withResume(Resume other) {
        return new TrainJob(spark, config, listeners, other, night, purpose);
    }

    /** Does something else than to train. */
    public TrainJob withPurpose(Purpose other) {
        return new TrainJob(spark, config, listeners, resume, night, other);
    }

    /** Trains as part of a night. */
    TrainJob withNight(Night other) {
        return new TrainJob(spark, config, listeners, resume, other, purpose);
    }

    /**
     * Trains, evaluates and writes the run directory, which tells of failure too.
     *
     * @return where the run was written, and its result
     * @throws ConvoyException if there is no run to go on with, or it cannot be gone on with; it is left as it was
     */
    public FinishedRun run() throws IOException {
        if (purpose == Purpose.DRY_RUN) {
            return begin();
        }
        Optional<Path> earlier =
                resume.find(spark.hadoopConfiguration(), job.run().directory(), job.name());
        return earlier.isPresent() ? resume(earlier.get()) : begin();
    }

    private FinishedRun begin() {
        RunDirectory run =
                RunDirectory.create(spark.hadoopConfiguration(), job.run().directory(), name(), Instant.now());
        ResultBuilder outcome = new ResultBuilder("train", job, spark, night.signal);
        return record(outcome, run, () -> training(config, run, outcome, Optional.empty())
                .run());
    }

    private String name() {
        return purpose == Purpose.TRAIN ? job.name() : job.name() + "-" + Json.key(purpose);
    }

    private TrainingRun training(
            Config settled, RunDirectory run, ResultBuilder outcome, Optional<Resumption> resumption) {
        return new TrainingRun(
                spark,
                settled,
                ConfigReader.toTrainingConfig(settled),
                listeners,
                night,
                purpose,
                run,
                outcome,
                resumption);
    }

    /** Makes the report too, once the result is there, unless there is no time for it. */
    private FinishedRun record(ResultBuilder outcome, RunDirectory run, ResultBuilder.Work work) {
        FinishedRun finished;
        try {
            finished = outcome.record(run, work);
        } catch (ConvoyException e) {
            try (Interruption pause = Interruption.outlast()) {
                if (purpose != Purpose.DRY_RUN) {
                    reportIfEnded(outcome, run);
                } else if (!e.getMessage().contains(RunDirectory.ERROR)) {
                    // Unless the message sends its reader there.
                    run.delete();
                }
            }
            throw e;
        }
        try (Interruption pause = Interruption.outlast()) {
            if (purpose == Purpose.DRY_RUN) {
                run.delete();
            } else {
                reportIfEnded(outcome, run);
            }
        }
        return finished;
    }

    private void reportIfEnded(ResultBuilder outcome, RunDirectory run) {
        if (!night.signal.isRequested() && outcome.hasEnded()) {
            report(run);
        }
    }

    private void report(RunDirectory run) {
        try {
            ReportPage.write(spark.hadoopConfiguration(), run.path());
        } catch (IOException | RuntimeException | FSError | LinkageError | OutOfMemoryError e) {
            LOG.warn("Cannot make the report of {}: {}; scripts/convoy report makes it anew", run, e.toString(), e);
        }
    }

    private FinishedRun resume(Path path) throws IOException {
        checkMaster();
        FileSystem files = RunDirectory.files(spark.hadoopConfiguration(), path.toString());
        RunDirectory run = RunDirectory.takeOver(files, path);
        if (Resume.isFinished(files, path) && !resume.allowChanges()) {
            run.giveBack(run.read(RunDirectory.RESULT));
            throw new ConvoyException("Cannot go on with " + run + ": another process has just finished it");
        }
        ResultBuilder outcome = new ResultBuilder("train", job, spark, night.signal);
        // Chosen now that nobody else writes any more.
        return record(outcome, run, () -> {
            run.sweep();
            Optional<SavedCheckpoint> checkpoint = Resume.checkpoint(files, path);
            Optional<Resumption> resumption = Optional.empty();
            Config settled = config;
            if (checkpoint.isPresent()) {
                outcome.training(
                        () -> known(checkpoint.get()),
                        checkpoint.get().provenance().classNames());
                settled =
                        AutoKeys.asBefore(config, checkpoint.get().provenance().configuration());
                resumption = Optional.of(new Resumption(
                        run.toString(), checkpoint.get(), SignificantKeys.of(settled), resume.allowChanges()));
            }
            training(settled, run, outcome, resumption).run();
        });
    }

    /** What is known of a training before it goes on. */
    private TrainingSnapshot known(SavedCheckpoint checkpoint) {
        return TrainingSnapshot.of(
                checkpoint.history(),
                checkpoint.progress(),
                Optional.of(checkpoint.folder()),
                0,
                job.train().stop().earlyStopping());
    }

    private void checkMaster() {
        if (job.sync().transport() == JobConfig.Sync.Transport.DL4J_SPARK) {
            throw new ConvoyException("Cannot go on with sync.transport = dl4j-spark: Deeplearning4j's master keeps the"
                    + " optimizer's memory to itself; train without --resume");
        }
    }
}
