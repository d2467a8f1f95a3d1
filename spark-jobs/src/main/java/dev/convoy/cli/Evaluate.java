package dev.convoy.cli;

import dev.convoy.jobs.EvaluateJob;
import dev.convoy.jobs.FinishedRun;
import java.io.IOException;
import java.util.Optional;
import org.apache.spark.api.java.JavaSparkContext;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Runs {@code convoy evaluate}. */
@Command(name = "evaluate", description = "Evaluates a trained model.")
final class Evaluate extends Job {
    @Parameters(paramLabel = "RUN_DIRECTORY|MODEL", description = "A run directory, or a model's folder.")
    private String target;

    @Option(
            names = "--data",
            paramLabel = "CONF",
            description = "Configuration whose data.test is used. Default: the run's own.")
    private String data;

    @Override
    void run() throws IOException {
        try (JavaSparkContext spark = new JavaSparkContext(sparkConf("evaluate " + target))) {
            FinishedRun run = EvaluateJob.of(spark, target, Optional.ofNullable(data), settings())
                    .run();
            EvaluationTable.print(run.result().test(), System.out);
            System.out.println("run: " + run.directory());
        }
    }
}
