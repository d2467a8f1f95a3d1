package dev.convoy.jobs;

import com.typesafe.config.Config;
import dev.convoy.config.ConfigReader;
import dev.convoy.config.JobConfig;
import dev.convoy.data.ConvoyException;
import dev.convoy.data.Printable;
import dev.convoy.data.rdd.ImageShards;
import dev.convoy.gate.Change;
import dev.convoy.model.Evaluation;
import dev.convoy.model.backend.ComputeBackend;
import dev.convoy.model.file.TrainedModel;
import dev.convoy.registry.ModelVersion;
import dev.convoy.storage.Interruption;
import dev.convoy.train.Evaluator;
import dev.convoy.train.ImageAnswers;
import dev.convoy.train.replica.ReplicaSpec;
import java.awt.AWTError;
import java.io.IOException;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.api.java.JavaSparkContext;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Evaluates a saved model on the test images of a configuration. */
public final class EvaluateJob {
    private static final Logger LOG = LoggerFactory.getLogger(EvaluateJob.class);

    private final JavaSparkContext spark;
    private final JobConfig job;
    private final Config config;
    private final Path model;
    private final Optional<Path> other;

    private EvaluateJob(JavaSparkContext spark, Config config, Path model) {
        this(spark, config, model, Optional.empty());
    }

    private EvaluateJob(JavaSparkContext spark, Config config, Path model, Optional<Path> other) {
        this.spark = spark;
        this.config = config;
        this.job = ConfigReader.toJobConfig(config);
        this.model = model;
        this.other = other;
    }

    /**
     * Compares with another model on the same images, too.
     *
     * @param target a run directory, or a model's folder
     */
    public EvaluateJob comparedWith(String target) throws IOException {
        FileSystem files = new Path(target).getFileSystem(spark.hadoopConfiguration());
        if (!files.exists(new Path(target))) {
            throw new ConvoyException("Cannot find " + target + "; give a run directory or a model's folder");
        }
        return new EvaluateJob(spark, config, model, Optional.of(RunDirectory.modelOf(files, target)));
    }

    /**
     * Prepares an evaluation.
     *
     * @param target a run directory, or a model's folder
     * @param data the configuration whose {@code data.test} is used; the run's own if empty
     * @param settings laid over the configuration
     */
    public static EvaluateJob of(
            JavaSparkContext spark, String target, Optional<String> data, Map<String, String> settings)
            throws IOException {
        Configuration hadoop = spark.hadoopConfiguration();
        Path path = new Path(target);
        FileSystem files = path.getFileSystem(hadoop);
        Path recorded = new Path(path, RunDirectory.CONFIG);
        if (!files.exists(path)) {
            throw new ConvoyException("Cannot find " + target + "; give a run directory or a model's folder");
        }
        Path model = RunDirectory.modelOf(files, target);
        if (data.isEmpty() && (model.equals(path) || !files.exists(recorded))) {
            throw new ConvoyException("Cannot evaluate " + target + " without --data: it is no run directory that"
                    + " tells its data; give a run directory, or --data with a configuration");
        }
        if (data.isPresent()) {
            return new EvaluateJob(spark, ConfigReader.read(data.get(), settings, hadoop), model);
        }
        return new EvaluateJob(spark, recorded(hadoop, path, settings), model);
    }

    /**
     * Prepares an evaluation of a registered version.
     *
     * @param data the configuration whose {@code data.test} is used; that of the run that made it, if that is still there, if empty
     * @param settings laid over the configuration
     */
    public static EvaluateJob of(
            JavaSparkContext spark, ModelVersion version, Optional<String> data, Map<String, String> settings)
            throws IOException {
        Configuration hadoop = spark.hadoopConfiguration();
        LOG.info("Evaluating version {}, {}", version.number(), version.model());
        if (data.isPresent()) {
            return new EvaluateJob(spark, ConfigReader.read(data.get(), settings, hadoop), version.model());
        }
        String run = version.info().runDirectory();
        if (run.isEmpty() || !new Path(run).getFileSystem(hadoop).exists(new Path(run, RunDirectory.CONFIG))) {
            throw new ConvoyException("Cannot evaluate version " + version.number()
                    + " without --data: the run that made it is not there any more, which would tell its data; give"
                    + " --data with a configuration");
        }
        return new EvaluateJob(spark, recorded(hadoop, new Path(run), settings), version.model());
    }

    private static Config recorded(Configuration hadoop, Path run, Map<String, String> settings) throws IOException {
        Path recorded = new Path(run, RunDirectory.CONFIG);
        Map<String, String> over = new LinkedHashMap<>(settings);
        // Where the run is, and not where what it has recorded says.
        over.putIfAbsent(
                "run.directory",
                run.getFileSystem(hadoop).makeQualified(run).getParent().toString());
        LOG.info("Evaluating on the test images that {} has recorded", recorded);
        return ConfigReader.readRecorded(recorded, over, hadoop);
    }

    /**
     * Evaluates and writes a run directory of its own.
     *
     * @return where it was written, and the result
     */
    public FinishedRun run() {
        RunDirectory run = RunDirectory.create(
                spark.hadoopConfiguration(), job.run().directory(), job.name() + "-evaluate", Instant.now());
        ResultBuilder outcome = new ResultBuilder("evaluate", job, spark);
        return outcome.record(run, () -> {
            run.write(RunDirectory.CONFIG, ConfigReader.render(config));
            try (TaskWatchdog watchdog = TaskWatchdog.watch(spark)) {
                evaluate(run, outcome);
            }
        });
    }

    private void evaluate(RunDirectory run, ResultBuilder outcome) throws IOException {
        TrainedModel trained = TrainedModel.load(model.getFileSystem(spark.hadoopConfiguration()), model);
        ComputeBackend.named(job.backend().name())
                .checkSupport(trained.network(), job.backend().placement());
        Optional<TrainedModel> second = Optional.empty();
        if (other.isPresent()) {
            second = Optional.of(comparable(trained, other.get()));
        }
        ImageSets sets = new ImageSets(spark, job);
        outcome.workers = sets.workers();
        Optional<ImageShards> test = sets.describeTest(trained.network().input(), trained.classNames())
                .map(sets::load);
        try (ImageShards images = test.orElseThrow(
                () -> new ConvoyException("Cannot evaluate without test images; set data.test in the configuration"))) {
            outcome.data(images, trained.classNames());
            ImageSets.record(run, images);
            ReplicaSpec replica =
                    ReplicaSpec.of(job.backend().name(), job.backend().placement(), trained);
            EvaluationFolder folder = new EvaluationFolder(
                    spark,
                    run,
                    trained,
                    replica,
                    job.data().batchSize(),
                    job.report().images());
            Evaluator.Examination found = folder.examine(images);
            Evaluation evaluation = found.evaluation();
            outcome.examination(found, trained.classNames());
            if (second.isPresent()) {
                outcome.compared(compare(trained, second.get(), other.orElseThrow(), images));
            }
            try {
                folder.draw(Optional.of(found.answers()), Optional.of(images), Optional.empty());
            } catch (Exception | LinkageError | AWTError | InternalError e) {
                // Exception, since Spark's own are checked but not declared. Numbers are there without pictures.
                LOG.warn("Cannot draw pictures in {}: {}", run, e.toString());
                Interruption.keep(e);
            }
            if (evaluation.unanswered() > 0) {
                throw new ConvoyException(
                        "Cannot tell how good " + model + " is: its outputs for " + evaluation.unanswered()
                                + " of " + evaluation.examples()
                                + " images are not finite, so that it has diverged or is damaged;"
                                + " take an earlier model");
            }
        }
    }

    /** The other model, if the same images mean the same to it. */
    private TrainedModel comparable(TrainedModel trained, Path path) throws IOException {
        TrainedModel second = TrainedModel.load(path.getFileSystem(spark.hadoopConfiguration()), path);
        if (!second.classNames().equals(trained.classNames())
                || !second.network().input().equals(trained.network().input())) {
            throw new ConvoyException("Cannot compare with " + path + ": it answers images of "
                    + second.network().input() + " with "
                    + Printable.of(second.classNames().toString()) + ", and not of "
                    + trained.network().input() + " with "
                    + Printable.of(trained.classNames().toString())
                    + "; name a model of the same classes and size");
        }
        if (!second.preparation().equals(trained.preparation())) {
            throw new ConvoyException("Cannot compare with " + path + ": its images were brought to size and colour by "
                    + second.preparation() + ", and not by " + trained.preparation()
                    + ", so that one of the two would be asked about others than it was trained for");
        }
        ComputeBackend.named(job.backend().name())
                .checkSupport(second.network(), job.backend().placement());
        return second;
    }

    private Result.Comparison compare(TrainedModel trained, TrainedModel second, Path path, ImageShards images)
            throws IOException {
        ImageAnswers own = answers(trained, images);
        ImageAnswers others = answers(second, images);
        int count = (int) IntStream.of(own.truths()).filter(truth -> truth >= 0).count();
        Change change = Change.of(count, others.right(), own.right());
        return new Result.Comparison(
                RunDirectory.shown(
                        path.getFileSystem(spark.hadoopConfiguration()).makeQualified(path)),
                (double) others.right().cardinality() / count,
                change.better(),
                change.worse(),
                change.probability());
    }

    private ImageAnswers answers(TrainedModel trained, ImageShards images) {
        ReplicaSpec replica = ReplicaSpec.of(job.backend().name(), job.backend().placement(), trained);
        return new Evaluator(spark, replica, job.data().batchSize()).answers(images, trained.state());
    }
}
