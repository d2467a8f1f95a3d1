package dev.convoy.cli;

import com.typesafe.config.Config;
import dev.convoy.config.ConfigReader;
import dev.convoy.config.JobConfig;
import dev.convoy.data.ConvoyException;
import dev.convoy.drill.ExecutorKiller;
import dev.convoy.jobs.FinishedRun;
import dev.convoy.jobs.Resume;
import dev.convoy.jobs.TrainJob;
import dev.convoy.report.AsyncProgress;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaSparkContext;
import picocli.CommandLine.ArgGroup;
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

    /** At most one of these. */
    @ArgGroup
    private Instead instead = new Instead();

    /** What is done in place of a whole training. */
    private static final class Instead {
        @Option(
                names = "--dry-run",
                description =
                        "Do all but training, and leave nothing: are images, network and cluster as they should be?")
        private boolean dryRun;

        @Option(
                names = "--fast-dev-run",
                description = "Two rounds of everything: training, evaluation, checkpoint, model and report.")
        private boolean fastDevRun;

        @Option(
                names = "--overfit",
                paramLabel = "N",
                description = "Train on N images until they are known by heart, and say whether they are.")
        private Integer overfit;

        @Option(
                names = "--find-rate",
                description = "Try learning rates from small to large, one a step, and suggest one to begin with.")
        private boolean findRate;
    }

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
        if (resume != null && (purpose() != TrainJob.Purpose.TRAIN || instead.fastDevRun || instead.overfit != null)) {
            throw new ConvoyException(
                    "Cannot use --resume with --dry-run, --fast-dev-run, --overfit or --find-rate, which"
                            + " begin anew; leave it out");
        }
        FinishedRun run;
        try (JavaSparkContext spark = new JavaSparkContext(conf)) {
            Config shorter = shorter(config, job, spark);
            try (AsyncProgress progress = ConsoleProgress.of(ConfigReader.toTrainingConfig(shorter));
                    ExecutorKiller killer = new ExecutorKiller(spark, Optional.ofNullable(endExecutorAfter))) {
                run = new TrainJob(spark, shorter, List.of(progress))
                        .withResume(earlier)
                        .withPurpose(purpose())
                        .run();
            }
        }
        tell(run);
    }

    private TrainJob.Purpose purpose() {
        if (instead.dryRun) {
            return TrainJob.Purpose.DRY_RUN;
        }
        return instead.findRate ? TrainJob.Purpose.FIND_RATE : TrainJob.Purpose.TRAIN;
    }

    /** The configuration, or one of a training that ends soon. */
    private Config shorter(Config config, JobConfig job, JavaSparkContext spark) throws IOException {
        if (!instead.fastDevRun && instead.overfit == null) {
            return config;
        }
        Map<String, String> settings = instead.fastDevRun
                ? Rehearsal.fastDevRun(job, spark.defaultParallelism())
                : Rehearsal.overfit(job, config, instead.overfit, settings());
        return ConfigReader.over(config, settings);
    }

    private void tell(FinishedRun run) {
        if (instead.dryRun) {
            System.out.println("all is there and fits together; nothing was trained");
            return;
        }
        if (instead.findRate) {
            Double rate = run.result().suggestedRate();
            System.out.println(
                    rate == null
                            ? "no learning rate makes losses fall: look at images and labels (scripts/convoy preview)"
                            : String.format(Locale.ROOT, "learning rate to begin with: %.2g", rate));
        }
        if (instead.overfit != null) {
            System.out.println(Rehearsal.verdict(run.result()));
        }
        System.out.println("run: " + run.directory());
    }
}
