package dev.convoy.jobs;

import com.typesafe.config.Config;
import dev.convoy.config.ConfigReader;
import dev.convoy.config.JobConfig;
import dev.convoy.data.ConvoyException;
import dev.convoy.model.Json;
import dev.convoy.registry.Lease;
import dev.convoy.registry.LeaseOptions;
import dev.convoy.registry.LockedException;
import dev.convoy.registry.ModelRegistry;
import dev.convoy.registry.RegisteredModel;
import dev.convoy.retrain.Decision;
import dev.convoy.retrain.Outcome;
import dev.convoy.train.TrainingListener;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.apache.spark.api.java.JavaSparkContext;

/**
 * A night: trains a challenger on the images that there are, compares it with the champion, and promotes the better one. It may be started at
 * any time, as often as one likes: for one input there is one decision.
 *
 * <pre>
 * lease      nobody else decides about this model meanwhile
 * freeze     which images there are, and which are new
 * validate   whether a model should learn from them
 * train      a challenger; goes on if a job before this one has died
 * evaluate   champion and challenger on the same images
 * gate       whether the challenger is better by more than chance, and nowhere worse
 * register   the challenger becomes a version, is read again and asked again
 * decide     it is promoted, or rejected
 * </pre>
 */
public final class RetrainJob {
    /** Signs of life until silence means death. */
    private static final int BEATS = 6;

    /** What has been done. */
    public enum Step {
        LEASE,
        FREEZE,
        VALIDATE,
        TRAIN,
        EVALUATE,
        GATE,
        REGISTER,
        PROMOTE,
        DECIDE
    }

    /**
     * What somebody has said yes to.
     *
     * @param requireApproval whether a challenger that passes waits until it is promoted by hand
     * @param acceptNewClasses whether classes may have come or gone
     * @param acceptDrift whether images may be unlike those of the champion
     * @param newHoldOut whether images may have changed sides, and a new hold-out begins
     */
    public record Options(boolean requireApproval, boolean acceptNewClasses, boolean acceptDrift, boolean newHoldOut) {
        /** Nothing. */
        public static final Options NONE = new Options(false, false, false, false);
    }

    /**
     * What a night is about.
     *
     * @param job the same as {@code config}
     */
    record Scope(JavaSparkContext spark, Config config, JobConfig job, Options options, Consumer<Step> observer) {}

    private final Scope scope;
    private final String name;
    private final NightMirror mirror;
    private final List<TrainingListener> listeners;

    /**
     * @param config of {@link ConfigReader#read}
     * @param observer is told what has been done, in the order of {@link Step}
     * @throws ConvoyException if the configuration is not sound
     */
    public RetrainJob(
            JavaSparkContext spark,
            Config config,
            List<? extends TrainingListener> listeners,
            Options options,
            Consumer<Step> observer) {
        this.scope = new Scope(spark, config, ConfigReader.toTrainingConfig(config), options, observer);
        checkStop(scope.job.train().stop());
        JobConfig job = scope.job;
        this.name = Optional.ofNullable(job.retrain().model()).orElse(job.name());
        this.mirror = new NightMirror(job.retrain().mlflow(), name);
        this.listeners = List.copyOf(listeners);
    }

    private static void checkStop(JobConfig.Stop stop) {
        if (stop.patience() != null && stop.metric() != JobConfig.Stop.Metric.TRAIN_LOSS) {
            throw new ConvoyException("Cannot retrain with train.stop.metric = " + Json.key(stop.metric())
                    + ": the hold-out is for comparing models alone; set train.stop.metric = train-loss, or leave"
                    + " train.stop.patience out");
        }
    }

    /**
     * Does a night's work and writes a run directory that tells of it, whatever comes of it.
     *
     * @throws ConvoyException if it fails; what it has done stays, and the next job goes on from there
     */
    public FinishedRun run() {
        JobConfig job = scope.job;
        RunDirectory run = RunDirectory.create(
                scope.spark.hadoopConfiguration(), job.run().directory(), job.name() + "-retrain", Instant.now());
        ResultBuilder outcome = new ResultBuilder("retrain", job, scope.spark);
        return outcome.record(run, () -> {
            run.write(RunDirectory.CONFIG, ConfigReader.render(scope.config));
            outcome.decided(decide(run, outcome));
        });
    }

    private Decision decide(RunDirectory run, ResultBuilder outcome) throws IOException {
        JobConfig job = scope.job;
        ModelRegistry registry = ModelRegistry.of(
                        scope.spark.hadoopConfiguration(), job.registry().directory())
                .requireWritable();
        RegisteredModel model = registry.create(name);
        Duration stale = job.retrain().stale();
        LeaseOptions terms = new LeaseOptions(run.toString()).withTiming(stale.dividedBy(BEATS), stale);
        try (Lease lease = model.acquire(terms);
                TaskWatchdog watchdog = TaskWatchdog.watch(scope.spark)) {
            scope.observer.accept(Step.LEASE);
            NightTraining training = new NightTraining(scope.spark, scope.config, listeners, outcome.signal());
            Decision decision = new Night(scope, model, lease, run, training).decide();
            mirror.tell(model);
            return decision;
        } catch (LockedException e) {
            return Decision.of(
                    Outcome.LOCKED,
                    "locked: " + e.getMessage(),
                    run.toString(),
                    Instant.now().toString());
        }
    }
}
