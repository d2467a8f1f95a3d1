package dev.convoy.cli;

import com.typesafe.config.Config;
import dev.convoy.config.ConfigReader;
import dev.convoy.config.JobConfig;
import dev.convoy.jobs.FinishedRun;
import dev.convoy.jobs.RetrainJob;
import dev.convoy.report.AsyncProgress;
import dev.convoy.retrain.Outcome;
import java.io.IOException;
import java.util.List;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaSparkContext;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Runs {@code convoy retrain}. */
@Command(
        name = "retrain",
        description = "Trains a challenger on the images that there are now, and promotes it if it is better than the"
                + " champion. Exit codes: 0 promoted, 10 rejected, 11 nothing to do, 12 another job is at it, 13 invalid"
                + " data, 14 classes have changed, 15 waits for approval, 1 failed.")
final class Retrain extends ConfiguredJob {
    @Option(
            names = "--require-approval",
            description = "A challenger that passes is not promoted, but waits for convoy models promote.")
    private boolean requireApproval;

    @Option(names = "--accept-new-classes", description = "Go on though classes have come or gone.")
    private boolean acceptNewClasses;

    @Option(names = "--accept-drift", description = "Go on though the images are unlike those of the champion.")
    private boolean acceptDrift;

    @Option(
            names = "--new-hold-out",
            description = "Images may have changed sides: models are compared anew from here on.")
    private boolean newHoldOut;

    @Option(names = "--halt-after", paramLabel = "STEP", hidden = true, description = "For tests.")
    private RetrainJob.Step haltAfter;

    private Outcome outcome;

    @Override
    void run(SparkConf conf, Config config) throws IOException {
        JobConfig job = ConfigReader.toTrainingConfig(config);
        RetrainJob.Options options = new RetrainJob.Options(requireApproval, acceptNewClasses, acceptDrift, newHoldOut);
        FinishedRun run;
        try (JavaSparkContext spark = new JavaSparkContext(conf);
                AsyncProgress progress = ConsoleProgress.of(job)) {
            run = new RetrainJob(spark, config, List.of(progress), options, this::passed).run();
        }
        System.out.println(run.result().retrain().path("sentence").asText());
        System.out.println("run: " + run.directory());
        outcome = Outcome.valueOf(run.result().status().name());
    }

    @Override
    int exitCode() {
        return outcome.exitCode();
    }

    /** As if the machine had lost its power. */
    private void passed(RetrainJob.Step step) {
        if (step == haltAfter) {
            Runtime.getRuntime().halt(137);
        }
    }
}
