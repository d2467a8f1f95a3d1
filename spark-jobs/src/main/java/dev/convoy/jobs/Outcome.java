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
import org.apache.commons.lang3.exception.ExceptionUtils;

/** Gathers what a job finds out, so that {@code result.json} tells as much as is known whenever the job ends. */
final class Outcome {
    /** A job's work. */
    interface Work {
        void run() throws IOException;
    }

    private final String command;
    private final JobConfig job;
    Integer workers;
    private Result.Data data;
    private List<EpochReport> epochs = List.of();
    private Result.Test test;

    Outcome(String command, JobConfig job) {
        this.command = command;
        this.job = job;
    }

    void data(ImageShards train, Optional<ImageShards> test, ClassWeights weights) {
        List<Result.TrainClass> classes = Result.TrainClass.of(train.classNames(), train.perClass(), weights);
        data = new Result.Data(split(train), test.map(Outcome::split).orElse(null), classes.size(), classes);
    }

    /** The same, for an evaluation. */
    void data(ImageShards test, List<String> classNames) {
        data = new Result.Data(null, split(test), classNames.size(), null);
    }

    void epochs(List<EpochReport> completed, List<String> classNames) {
        epochs = completed;
        if (!completed.isEmpty()) {
            completed.get(completed.size() - 1).test().ifPresent(evaluation -> evaluation(evaluation, classNames));
        }
    }

    void evaluation(Evaluation evaluation, List<String> classNames) {
        test = Result.Test.of(evaluation, classNames);
    }

    /** Does the work and writes the result, whatever it is. */
    Completed record(RunDirectory run, Work work) {
        try {
            work.run();
            Result result = result(Result.Status.COMPLETED, null);
            run.writeResult(result);
            return new Completed(run.toString(), result);
        } catch (Exception | Error e) {
            // Exception, since Spark's own are checked but not declared.
            RuntimeException failure = translate(e);
            try {
                run.writeResult(result(Result.Status.FAILED, firstLine(failure)));
            } catch (ConvoyException unwritten) {
                failure.addSuppressed(unwritten);
            }
            throw failure;
        }
    }

    /** What went wrong on an executor reaches the driver as a cause. */
    private static RuntimeException translate(Throwable e) {
        ConvoyException known = ExceptionUtils.throwableOfType(e, ConvoyException.class);
        if (known != null) {
            return known;
        }
        if (e instanceof IOException || e instanceof IllegalArgumentException) {
            return new ConvoyException("Cannot go on: " + firstLine(e), e);
        }
        return e instanceof RuntimeException unchecked ? unchecked : new IllegalStateException(firstLine(e), e);
    }

    private static String firstLine(Throwable e) {
        String text = e.getMessage() == null ? e.toString() : e.getMessage();
        return text.lines().findFirst().orElse(text);
    }

    private Result result(Result.Status status, String error) {
        boolean trained = !epochs.isEmpty();
        boolean training = command.equals("train");
        // Deeplearning4j's master has an order of its own.
        boolean ordered = training && job.sync().transport() != JobConfig.Sync.Transport.DL4J_SPARK;
        return new Result(
                status,
                command,
                error,
                job.backend().name(),
                training ? kebab(job.sync().exchange()) : null,
                training ? kebab(job.sync().transport()) : null,
                ordered ? kebab(job.data().shuffle()) : null,
                workers,
                training ? epochs.size() : null,
                training ? epochs.stream().mapToInt(EpochReport::rounds).sum() : null,
                data,
                training ? epochs.stream().map(EpochReport::ledger).toList() : null,
                trained ? new Result.Train(epochs.get(epochs.size() - 1).trainLoss()) : null,
                test,
                trained ? Result.Throughput.of(epochs) : null);
    }

    private static Result.Split split(ImageShards images) {
        return new Result.Split(images.examples(), images.rejected().size());
    }

    private static String kebab(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
