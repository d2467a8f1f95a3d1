package dev.convoy.jobs;

import dev.convoy.config.JobConfig;
import dev.convoy.data.ClassWeights;
import dev.convoy.data.ConvoyException;
import dev.convoy.data.rdd.ImageShards;
import dev.convoy.model.Json;
import dev.convoy.retrain.Decision;
import dev.convoy.storage.Heartbeat;
import dev.convoy.storage.Interruption;
import dev.convoy.train.EpochReport;
import dev.convoy.train.Evaluator;
import dev.convoy.train.StopSignal;
import java.io.IOException;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.function.Supplier;
import org.apache.spark.api.java.JavaSparkContext;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Gathers what a job finds out, so that {@code result.json} tells as much as is known whenever the job ends. */
final class ResultBuilder {
    private static final Logger LOG = LoggerFactory.getLogger(ResultBuilder.class);

    /** A job's work. */
    interface Work {
        void run() throws IOException;
    }

    private final String command;
    private final JavaSparkContext spark;
    private final StopSignal signal;
    private final Result.Process process = Result.Process.current();
    // Read by another thread if the process is told to end.
    private volatile JobConfig job;
    volatile Integer workers;
    private volatile Result.Data data;
    private volatile Supplier<TrainingSnapshot> training = () -> TrainingSnapshot.NONE;
    private volatile List<String> classNames = List.of();
    private volatile Result.Test test;
    private volatile Optional<Decision> decision = Optional.empty();
    private volatile Result.Comparison comparison;
    private volatile OptionalDouble suggestedRate = OptionalDouble.empty();
    private boolean ended;
    private boolean written;

    ResultBuilder(String command, JobConfig job, JavaSparkContext spark) {
        this(command, job, spark, new StopSignal());
    }

    /**
     * @param signal is set when the process is told to end
     */
    ResultBuilder(String command, JobConfig job, JavaSparkContext spark, StopSignal signal) {
        this.signal = signal;
        this.command = command;
        this.job = job;
        this.spark = spark;
    }

    /** Is set when the process is told to end. */
    StopSignal signal() {
        return signal;
    }

    /** Notes what was chosen where the configuration said {@code auto}. */
    void settled(JobConfig chosen) {
        job = chosen;
    }

    void data(ImageShards train, Optional<ImageShards> test, ClassWeights weights) {
        List<Result.TrainClass> classes = Result.TrainClass.of(train.classNames(), train.perClass(), weights);
        data = new Result.Data(
                split(train),
                test.map(ResultBuilder::split).orElse(null),
                classes.size(),
                classes,
                new Result.Copies(
                        known(train.copies()),
                        test.map(images -> known(images.copies())).orElse(null),
                        test.map(images -> known(images.shared(train))).orElse(null)));
    }

    /** Notes the images of an evaluation. */
    void data(ImageShards test, List<String> classNames) {
        Result.Copies copies = new Result.Copies(null, known(test.copies()), null);
        data = new Result.Data(null, split(test), classNames.size(), null, copies);
    }

    /** Where it can be asked at any time how far training has come. */
    void training(Supplier<TrainingSnapshot> progress, List<String> classNames) {
        this.classNames = classNames;
        training = progress;
    }

    void examination(Evaluator.Examination found, List<String> classNames) {
        test = Result.Test.of(found, classNames);
    }

    /** Notes how another model answers the same images. */
    void compared(Result.Comparison other) {
        comparison = other;
    }

    /** Notes a learning rate to begin with. */
    void suggestRate(OptionalDouble rate) {
        suggestedRate = rate;
    }

    /** Notes how a night has ended. */
    void decided(Decision end) {
        decision = Optional.of(end);
    }

    /** Does the work and writes the result, whatever it is; while it runs, that it does. */
    FinishedRun record(RunDirectory run, Work work) {
        byte[] before = run.read(RunDirectory.RESULT);
        run.reserve();
        running(run);
        try (OwnJobs jobs = new OwnJobs(spark);
                Shutdown shutdown = Shutdown.watch(signal, jobs::cancel, () -> interrupted(run));
                Heartbeat heartbeat = new Heartbeat(() -> beat(run, jobs), RunDirectory.HEARTBEAT)) {
            try {
                work.run();
                try (Interruption pause = Interruption.outlast()) {
                    return completed(run);
                }
            } catch (Exception | Error e) {
                // Exception, since Spark's own are checked but not declared.
                Interruption.keep(e);
                try (Interruption pause = Interruption.outlast()) {
                    throw ended(run, e, before, shutdown);
                }
            }
        }
    }

    /** Writes what there is to say of an end before the work was done. */
    private ConvoyException ended(RunDirectory run, Throwable e, byte[] before, Shutdown shutdown) {
        if (e instanceof ChangedRunException changed) {
            giveBack(run, before);
            return changed;
        }
        if (shutdown.hasBegun() || signal.isRequested()) {
            interrupted(run);
            // The process may end before what is returned is printed.
            LOG.warn(interruption(run));
            return new ConvoyException(interruption(run), e);
        }
        return failed(run, e);
    }

    /** Whether the result that was written last is the last one, and not that of an attempt that was given back. */
    boolean hasEnded() {
        return written;
    }

    private synchronized void running(RunDirectory run) {
        if (!ended) {
            run.writeResult(result(run, Result.Status.RUNNING, null));
        }
    }

    /** Says that the process lives; if another one has taken the run over, this one has nothing more to do. */
    private void beat(RunDirectory run, OwnJobs jobs) {
        try {
            running(run);
        } catch (TakenOverException e) {
            signal.request();
            jobs.cancel();
            throw e;
        }
    }

    private synchronized FinishedRun completed(RunDirectory run) {
        Result.Status status =
                decision.map(end -> Result.Status.valueOf(end.outcome().name())).orElse(Result.Status.COMPLETED);
        Result result = result(run, status, null);
        run.finish(result);
        ended = true;
        written = true;
        return new FinishedRun(run.toString(), run.path().toString(), result);
    }

    private synchronized void interrupted(RunDirectory run) {
        if (!ended) {
            ended = true;
            run.finish(result(run, Result.Status.INTERRUPTED, interruption(run)));
        }
    }

    private String interruption(RunDirectory run) {
        return Shutdown.MESSAGE
                + resume(run).map(command -> "; go on with " + command).orElse("");
    }

    private synchronized void giveBack(RunDirectory run, byte[] before) {
        ended = true;
        run.giveBack(before);
    }

    private synchronized ConvoyException failed(RunDirectory run, Throwable e) {
        boolean expected = Failures.isExpected(e);
        ConvoyException explained = Failures.explain(e);
        ConvoyException failure = expected
                ? explained
                : new ConvoyException(
                        explained.getMessage() + " (details in " + run + "/" + RunDirectory.ERROR + ")", e);
        ended = true;
        try {
            run.finish(result(run, Result.Status.FAILED, failure.getMessage()));
            written = true;
            if (failure.getCause() != null) {
                run.write(RunDirectory.ERROR, Failures.details(e));
            }
        } catch (ConvoyException unwritten) {
            failure.addSuppressed(unwritten);
        }
        return failure;
    }

    /** How to go on; empty if there is nothing to go on from. */
    private Optional<String> resume(RunDirectory run) {
        return command.equals("retrain")
                ? Optional.of("scripts/convoy retrain CONF")
                : training.get().checkpoint().map(last -> "scripts/convoy train CONF --resume " + run);
    }

    private Result result(RunDirectory run, Result.Status status, String error) {
        TrainingSnapshot trained = training.get();
        List<EpochReport> epochs = trained.history().epochs();
        boolean training = command.equals("train");
        // Deeplearning4j's master has an order of its own.
        boolean ordered = training && job.sync().transport() != JobConfig.Sync.Transport.DL4J_SPARK;
        return new Result(
                status,
                command,
                error,
                error == null ? null : resume(run).orElse(null),
                training ? run.attempt() : null,
                process,
                Instant.now().truncatedTo(ChronoUnit.SECONDS).toString(),
                training ? Result.TrainingProgress.of(trained.progress()) : null,
                checkpoints(trained),
                trained.best().orElse(null),
                job.backend().name(),
                training ? Json.key(job.sync().exchange()) : null,
                training ? Json.key(job.sync().transport()) : null,
                ordered ? Json.key(job.data().shuffle()) : null,
                workers,
                training ? epochs.size() : null,
                training ? epochs.stream().mapToInt(EpochReport::rounds).sum() : null,
                data,
                training ? epochs.stream().map(EpochReport::ledger).toList() : null,
                trained.history()
                        .last()
                        .map(last -> new Result.Train(Result.finite(last.trainLoss())))
                        .orElse(null),
                trained.history()
                        .test()
                        .map(evaluation -> Result.Test.of(evaluation, classNames))
                        .orElse(test),
                epochs.isEmpty() ? null : Result.Throughput.of(epochs),
                comparison,
                suggestedRate.isPresent() ? suggestedRate.getAsDouble() : null,
                decision.map(Decision::toTree).orElse(null));
    }

    private static Result.Checkpoints checkpoints(TrainingSnapshot trained) {
        return trained.checkpoint().isEmpty() && trained.failures() == 0
                ? null
                : new Result.Checkpoints(
                        trained.checkpoint().orElse(null), trained.failures() == 0 ? null : trained.failures());
    }

    private static Result.Split split(ImageShards images) {
        return new Result.Split(images.examples(), images.rejected().size());
    }

    private static Long known(OptionalLong count) {
        return count.isPresent() ? count.getAsLong() : null;
    }
}
