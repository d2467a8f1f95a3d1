package dev.convoy.jobs;

import dev.convoy.config.JobConfig;
import dev.convoy.data.ImageBatch;
import dev.convoy.data.rdd.ImageShards;
import dev.convoy.mlflow.MlflowMetrics;
import dev.convoy.model.ModelState;
import dev.convoy.model.Progress;
import dev.convoy.report.EventLog;
import dev.convoy.report.EventSink;
import dev.convoy.report.TrainingEvents;
import dev.convoy.report.tensorboard.TensorBoardFile;
import dev.convoy.storage.Interruption;
import dev.convoy.train.Evaluator;
import dev.convoy.train.TrainingListener;
import java.awt.AWTError;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.apache.hadoop.fs.FSError;
import org.apache.spark.api.java.JavaSparkContext;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Keeps the events of a training in its run directory. Nothing that fails here stops the training. */
final class RunEvents implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(RunEvents.class);

    /** Images whose gradient is looked at after every epoch. */
    private static final int PROBED = 32;

    private static final int MAX_FAILURES = 3;

    private interface Opening {
        EventSink open() throws IOException;
    }

    private final RunDirectory run;
    private final JobConfig job;
    private final Evaluator evaluator;
    private final TrainingEvents events;
    private Optional<ImageBatch> probe = Optional.empty();
    private int failures;

    /**
     * @param batchSize images that a replica is known to have memory for
     * @param train the training images, of which some are looked at more closely
     * @param start where the attempt begins
     */
    RunEvents(RunDirectory run, JobConfig job, Evaluator evaluator, int batchSize, ImageShards train, Progress start) {
        this.run = run;
        this.job = job;
        this.evaluator = evaluator;
        Clock clock = Clock.systemUTC();
        List<EventSink> sinks = new ArrayList<>();
        open(() -> EventLog.create(run.files(), run.path(), run.attempt())).ifPresent(sinks::add);
        if (job.report().tensorboard()) {
            open(() -> TensorBoardFile.create(run.files(), run.path(), run.attempt(), clock.instant()))
                    .ifPresent(sinks::add);
        }
        open(SparkMetrics::register).ifPresent(sinks::add);
        if (job.report().mlflow().server().isPresent()) {
            open(() -> new MlflowSink(new MlflowMetrics(
                            NightMirror.target(job.report().mlflow(), job.name())
                                    .orElseThrow(),
                            run.path().getName())))
                    .ifPresent(sinks::add);
        }
        events = new TrainingEvents(
                run.attempt(), job.train().stop().earlyStopping(), this::gradientNorms, clock, System::nanoTime, sinks);
        look(train, batchSize, start);
    }

    private Optional<EventSink> open(Opening opening) {
        try {
            return Optional.of(opening.open());
        } catch (IOException | RuntimeException | FSError e) {
            LOG.warn("Cannot record events in {}: {}; training goes on", run, e.toString());
            Interruption.keep(e);
            return Optional.empty();
        }
    }

    /** Takes a sample of the images, and draws it as the network will see it; crops from originals are drawn from resized ones. */
    private void look(ImageShards train, int batchSize, Progress start) {
        try {
            ImageBatch sample = evaluator.sample(train, Math.min(PROBED, batchSize));
            probe = Optional.of(sample);
            if (job.report().images() > 0) {
                int shown = Math.min(job.report().images(), sample.size());
                ImageBatch some = sample.rows(IntStream.range(0, shown).toArray());
                ImageBatch seen = job.data().augment().apply(some, job.seed(), start.epoch());
                BufferedImage sheet = ContactSheet.of(seen, train.classNames());
                events.picture(
                        start.globalStep(), "images/train", sheet.getWidth(), sheet.getHeight(), Pictures.png(sheet));
            }
        } catch (Exception | LinkageError | AWTError | InternalError e) {
            // Errors of a Java that has no fonts, or no screen where it thinks there is one.
            givenUp("show training images", e);
        }
    }

    private double[] gradientNorms(ModelState model) {
        try {
            return failures < MAX_FAILURES
                    ? probe.map(images -> evaluator.gradientNorms(images, model))
                            .orElseGet(() -> new double[0])
                    : new double[0];
        } catch (Exception e) {
            givenUp("compute the norms of gradients", e);
            failures++;
            return new double[0];
        }
    }

    private static void givenUp(String what, Throwable e) {
        LOG.warn("Cannot {}: {}; training goes on", what, e.toString());
        Interruption.keep(e);
    }

    /**
     * Tells what memory was taken.
     *
     * @param tasks so many that every executor has one
     */
    void memory(JavaSparkContext spark, int tasks, long step) {
        try {
            events.memory(step, Surveys.memory(spark, tasks));
        } catch (Exception e) {
            givenUp("ask for the memory of processes", e);
        }
    }

    /** Makes events of what it is told. */
    TrainingListener listener() {
        return events;
    }

    @Override
    public void close() {
        events.close();
    }
}
