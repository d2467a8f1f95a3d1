package dev.convoy.jobs;

import dev.convoy.config.JobConfig;
import dev.convoy.data.ClassWeights;
import dev.convoy.data.ConvoyException;
import dev.convoy.data.rdd.ImageShards;
import dev.convoy.model.Evaluation;
import dev.convoy.train.EpochReport;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Supplier;
import org.apache.commons.lang3.exception.ExceptionUtils;

/** Gathers what a job finds out, so that {@code result.json} tells as much as is known whenever the job ends. */
final class ResultBuilder {
    /** A job's work. */
    interface Work {
        void run() throws IOException;
    }

    private final String command;
    private final JobConfig job;
    private final Result.Process process = Result.Process.current();
    // Read by another thread if the process is told to end.
    volatile Integer workers;
    private volatile Result.Data data;
    private volatile Supplier<List<EpochReport>> epochs = List::of;
    private volatile List<String> classNames = List.of();
    private volatile Result.Test test;
    private boolean completed;

    ResultBuilder(String command, JobConfig job) {
        this.command = command;
        this.job = job;
    }

    void data(ImageShards train, Optional<ImageShards> test, ClassWeights weights) {
        List<Result.TrainClass> classes = Result.TrainClass.of(train.classNames(), train.perClass(), weights);
        data = new Result.Data(split(train), test.map(ResultBuilder::split).orElse(null), classes.size(), classes);
    }

    /** Notes the images of an evaluation. */
    void data(ImageShards test, List<String> classNames) {
        data = new Result.Data(null, split(test), classNames.size(), null);
    }

    /** Where it can be asked at any time what epochs were completed. */
    void epochs(Supplier<List<EpochReport>> completed, List<String> classNames) {
        this.classNames = classNames;
        epochs = completed;
    }

    void evaluation(Evaluation evaluation, List<String> classNames) {
        test = Result.Test.of(evaluation, classNames);
    }

    /** Does the work and writes the result, whatever it is; while it runs, that it does. */
    FinishedRun record(RunDirectory run, Work work) {
        run.reserve();
        run.writeResult(result(Result.Status.RUNNING, null));
        try (Shutdown shutdown = Shutdown.watch(() -> interrupted(run))) {
            try {
                work.run();
                return completed(run);
            } catch (Exception | Error e) {
                // Exception, since Spark's own are checked but not declared.
                if (shutdown.hasBegun()) {
                    throw new ConvoyException(Shutdown.MESSAGE, e);
                }
                throw failed(run, e);
            }
        }
    }

    private synchronized FinishedRun completed(RunDirectory run) {
        Result result = result(Result.Status.COMPLETED, null);
        run.finish(result);
        completed = true;
        return new FinishedRun(run.toString(), result);
    }

    private synchronized void interrupted(RunDirectory run) {
        if (!completed) {
            run.finish(result(Result.Status.FAILED, Shutdown.MESSAGE));
        }
    }

    private ConvoyException failed(RunDirectory run, Throwable e) {
        boolean expected = Failures.isExpected(e);
        ConvoyException explained = Failures.explain(e);
        ConvoyException failure = expected
                ? explained
                : new ConvoyException(
                        explained.getMessage() + " (details in " + run + "/" + RunDirectory.ERROR + ")", e);
        try {
            run.finish(result(Result.Status.FAILED, failure.getMessage()));
            if (failure.getCause() != null) {
                run.write(RunDirectory.ERROR, ExceptionUtils.getStackTrace(e));
            }
        } catch (ConvoyException unwritten) {
            failure.addSuppressed(unwritten);
        }
        return failure;
    }

    private Result result(Result.Status status, String error) {
        List<EpochReport> epochs = this.epochs.get();
        boolean trained = !epochs.isEmpty();
        boolean training = command.equals("train");
        // Deeplearning4j's master has an order of its own.
        boolean ordered = training && job.sync().transport() != JobConfig.Sync.Transport.DL4J_SPARK;
        return new Result(
                status,
                command,
                error,
                process,
                job.backend().name(),
                training ? kebab(job.sync().exchange()) : null,
                training ? kebab(job.sync().transport()) : null,
                ordered ? kebab(job.data().shuffle()) : null,
                workers,
                training ? epochs.size() : null,
                training ? epochs.stream().mapToInt(EpochReport::rounds).sum() : null,
                data,
                training ? epochs.stream().map(EpochReport::ledger).toList() : null,
                trained
                        ? new Result.Train(
                                Result.finite(epochs.get(epochs.size() - 1).trainLoss()))
                        : null,
                trained
                        ? epochs.get(epochs.size() - 1)
                                .test()
                                .map(evaluation -> Result.Test.of(evaluation, classNames))
                                .orElse(null)
                        : test,
                trained ? Result.Throughput.of(epochs) : null);
    }

    private static Result.Split split(ImageShards images) {
        return new Result.Split(images.examples(), images.rejected().size());
    }

    private static String kebab(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
