package dev.convoy.cli;

import com.typesafe.config.Config;
import dev.convoy.config.ConfigReader;
import dev.convoy.config.JobConfig;
import dev.convoy.data.ConvoyException;
import dev.convoy.drill.ExecutorKiller;
import dev.convoy.jobs.FinishedRun;
import dev.convoy.jobs.Resume;
import dev.convoy.jobs.TrainJob;
import dev.convoy.report.AsyncListener;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaSparkContext;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Runs {@code convoy train}. */
@Command(name = "train", description = "Trains a network and evaluates it.")
final class Train extends ConfiguredJob {
    private static final String NEWEST = "";
    private static final String AUTO = "auto";

    @Option(
            names = "--resume",
            paramLabel = "RUN",
            arity = "0..1",
            fallbackValue = NEWEST,
            description =
                    "Go on with a run that has ended before it was done: with this directory, or, without a value,"
                            + " the newest of this name. auto: with the newest, or begin if that is finished or there is none.")
    private String resume;

    @Option(
            names = "--allow-changes",
            description = "With --resume: go on though the configuration or the images have changed.")
    private boolean allowChanges;

    @Option(names = "--end-executor-after", paramLabel = "SECONDS", hidden = true, description = "For drill.")
    private Double endExecutorAfter;

    private Resume resume() {
        if (resume == null) {
            if (allowChanges) {
                throw new ConvoyException("Cannot use --allow-changes without --resume; give both, or none");
            }
            return Resume.NEVER;
        }
        return switch (resume) {
            case NEWEST -> new Resume(Resume.Mode.ALWAYS, Optional.empty(), allowChanges);
            case AUTO -> new Resume(Resume.Mode.AUTO, Optional.empty(), allowChanges);
            default -> new Resume(Resume.Mode.ALWAYS, Optional.of(resume), allowChanges);
        };
    }

    @Override
    void run(SparkConf conf, Config config) throws IOException {
        // Checked before Spark starts, so that a typing error costs no time.
        JobConfig job = ConfigReader.toTrainingConfig(config);
        Resume earlier = resume();
        FinishedRun run;
        try (JavaSparkContext spark = new JavaSparkContext(conf);
                AsyncListener progress = ConsoleProgress.of(job);
                ExecutorKiller killer = new ExecutorKiller(spark, Optional.ofNullable(endExecutorAfter))) {
            run = new TrainJob(spark, config, List.of(progress))
                    .withResume(earlier)
                    .run();
        }
        System.out.println("run: " + run.directory());
    }
}
