package dev.convoy.cli;

import dev.convoy.jobs.EvaluateJob;
import dev.convoy.jobs.FinishedRun;
import dev.convoy.registry.RegistryReference;
import java.io.IOException;
import java.util.Optional;
import org.apache.spark.api.java.JavaSparkContext;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Runs {@code convoy evaluate}. */
@Command(name = "evaluate", description = "Evaluates a trained model.")
final class Evaluate extends Job {
    @Parameters(
            paramLabel = "RUN_DIRECTORY|MODEL",
            description = "A run directory, a model's folder, or registry:NAME@ALIAS_OR_NUMBER.")
    private String target;

    @Mixin
    private RegistryOption registry;

    @Option(
            names = "--data",
            paramLabel = "CONF",
            description = "Configuration whose data.test is used. Default: the run's own.")
    private String data;

    @Option(
            names = "--compare",
            paramLabel = "MODEL",
            description = "Another model of the same classes: which of the two is better, and is it more than chance?")
    private String compare;

    @Override
    void run() throws IOException {
        try (JavaSparkContext spark = new JavaSparkContext(sparkConf("evaluate " + target))) {
            EvaluateJob job = compare == null ? job(spark) : job(spark).comparedWith(resolved(compare));
            FinishedRun run = job.run();
            EvaluationTable.print(run.result().test(), System.out);
            Optional.ofNullable(run.result().comparison())
                    .ifPresent(comparison -> EvaluationTable.print(comparison, System.out));
            System.out.println("run: " + run.directory());
        }
    }

    private String resolved(String model) throws IOException {
        return RegistryReference.isReference(model)
                ? registry.resolve(model).model().toString()
                : model;
    }

    private EvaluateJob job(JavaSparkContext spark) throws IOException {
        Optional<String> configuration = Optional.ofNullable(data);
        return RegistryReference.isReference(target)
                ? EvaluateJob.of(spark, registry.resolve(target), configuration, settings())
                : EvaluateJob.of(spark, target, configuration, settings());
    }
}
