package dev.convoy.jobs;

import com.typesafe.config.Config;
import dev.convoy.config.ConfigReader;
import dev.convoy.config.JobConfig;
import dev.convoy.data.ConvoyException;
import dev.convoy.data.Printable;
import dev.convoy.data.rdd.ImageShards;
import dev.convoy.doctor.Check;
import dev.convoy.doctor.ClusterSurvey;
import dev.convoy.doctor.Diagnosis;
import dev.convoy.doctor.Plan;
import dev.convoy.model.Json;
import dev.convoy.model.MemoryEstimate;
import dev.convoy.model.Network;
import dev.convoy.model.backend.ComputeBackend;
import dev.convoy.storage.AtomicFiles;
import dev.convoy.storage.Interruption;
import dev.convoy.train.allreduce.AllReduceMaster;
import dev.convoy.train.allreduce.AllReduceSpec;
import dev.convoy.train.sync.Exchange;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.apache.hadoop.fs.FSError;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.api.java.JavaSparkContext;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import scala.Tuple2;

/** Looks for what would go wrong, on the driver and every executor, without training. */
public final class DoctorJob {
    private static final Logger LOG = LoggerFactory.getLogger(DoctorJob.class);

    private final JavaSparkContext spark;
    private final JobConfig job;
    private final boolean trains;
    private final List<Check> checks = new ArrayList<>();

    private DoctorJob(JavaSparkContext spark, JobConfig job, boolean trains) {
        this.spark = spark;
        this.job = job;
        this.trains = trains;
    }

    /**
     * Looks at what is to be trained, too.
     *
     * @throws ConvoyException if the configuration is not sound
     */
    public static DoctorJob of(JavaSparkContext spark, Config config) {
        return new DoctorJob(spark, ConfigReader.toTrainingConfig(config), true);
    }

    /**
     * Looks at the cluster alone.
     *
     * @param settings of {@code backend}
     */
    public static DoctorJob of(JavaSparkContext spark, Map<String, String> settings) throws IOException {
        return new DoctorJob(spark, ConfigReader.defaults(settings), false);
    }

    /** Looks, and tells what it has found. */
    public List<Check> run() {
        ClusterSurvey cluster = new ClusterSurvey(spark);
        if (!cluster.settle()) {
            return List.of(new Check(
                    Check.Level.FAIL,
                    "executors",
                    "cluster",
                    "none has come within a minute",
                    "look at the master's page and the executors' logs: spark.executor.memory and spark.executor.cores must fit a"
                            + " worker, and images of containers must be there"));
        }
        Check serializer = cluster.serializer();
        if (serializer.level() == Check.Level.FAIL) {
            // No answer would come home.
            return List.of(serializer);
        }
        ClusterSurvey.Answers answers = ask(cluster);
        Optional<Plan.Training> training = trains ? look(cluster) : Optional.empty();
        Plan plan = plan(spark, job, cluster.executors(), training);
        checks.addAll(0, Diagnosis.of(plan, answers.processes()));
        checks.addAll(answers.clocks());
        checks.add(serializer);
        if (training.filter(Plan.Training::allReduce).isPresent() && cluster.executors() > 1) {
            tried("ports", "cluster", () -> checks.addAll(cluster.ports()));
        }
        return List.copyOf(checks);
    }

    private ClusterSurvey.Answers ask(ClusterSurvey cluster) {
        try {
            return cluster.ask(job.backend().name(), job.backend().device());
        } catch (RuntimeException e) {
            checks.add(new Check(
                    Check.Level.FAIL,
                    "executors",
                    "cluster",
                    Printable.firstLine(Failures.explain(e)),
                    "look at their logs: they end, or do not answer"));
            return new ClusterSurvey.Answers(List.of(), List.of());
        }
    }

    private static Plan plan(JavaSparkContext spark, JobConfig job, int executors, Optional<Plan.Training> training) {
        Map<String, String> settings = new HashMap<>();
        for (Tuple2<String, String> setting : spark.getConf().getAll()) {
            settings.put(setting._1(), setting._2());
        }
        return new Plan(
                settings,
                SparkSettings.isLocal(spark.master()),
                spark.sc()
                        .maxNumConcurrentTasks(
                                spark.sc().resourceProfileManager().defaultResourceProfile()),
                executors,
                job.backend().name(),
                Json.key(job.backend().device()),
                training);
    }

    /**
     * Looks at what settings alone tell, before a training begins; what may go wrong is told in the log.
     *
     * @throws ConvoyException if it cannot work, with the setting to change
     */
    static void check(JavaSparkContext spark, JobConfig job, Network network, int workers) {
        Plan plan = plan(
                spark,
                job,
                spark.isLocal() ? 1 : Math.max(1, spark.sc().getExecutorIds().size()),
                Optional.of(training(job, network, workers, -1)));
        for (Check check : Diagnosis.ofSettings(plan)) {
            if (check.level() == Check.Level.FAIL) {
                throw new ConvoyException("Cannot train: " + check.subject() + " (" + check.where() + "): "
                        + check.finding() + "; " + check.advice());
            }
            LOG.warn("{} ({}): {}; {}", check.subject(), check.where(), check.finding(), check.advice());
        }
    }

    private static Plan.Training training(JobConfig job, Network network, int workers, long imageBytes) {
        int slots = job.optimizer().spec().slotCount();
        Exchange exchange = job.sync().spec().exchange();
        int summed = exchange.layout(network.layout(), slots).length();
        return new Plan.Training(
                workers,
                MemoryEstimate.training(network, job.data().batchSizeOf(workers), slots),
                (long) Float.BYTES * summed,
                AllReduceSpec.heldBytes(exchange, network.layout().parameterCount(), slots),
                job.sync().transport() == JobConfig.Sync.Transport.ALL_REDUCE,
                job.sync().sharedMemory() == AllReduceSpec.Sharing.HOST,
                Json.key(job.data().cache()),
                imageBytes);
    }

    /** What training needs, as far as its images can be looked at. */
    private Optional<Plan.Training> look(ClusterSurvey cluster) {
        tried("run.directory", job.run().directory(), () -> writes(job.run().directory()));
        if (job.sync().transport() == JobConfig.Sync.Transport.ALL_REDUCE) {
            tried(
                    "all-reduce",
                    "settings",
                    () -> AllReduceMaster.check(spark.getConf(), job.sync().allReduce()));
        }
        Plan.Training[] found = new Plan.Training[1];
        tried("training images", "data.train", () -> {
            ImageSets sets = new ImageSets(spark, job);
            ImageSets.Description images = sets.describeUnsplit();
            checks.addAll(cluster.images(images.listing().splits()));
            Network network = InitialModel.of(
                            spark.hadoopConfiguration(),
                            job.network(),
                            job.registry().directory(),
                            images.shape())
                    .network(images.classNames().size())
                    .bind(images.shape());
            ComputeBackend.named(job.backend().name())
                    .checkSupport(network, job.backend().placement());
            boolean decoded = job.data().cache() != ImageShards.Cache.ENCODED;
            found[0] = training(
                    job,
                    network,
                    sets.workers(),
                    decoded ? images.listing().examples() * images.shape().size() : -1);
        });
        if (job.data().test() != null) {
            tried(
                    "test images",
                    "data.test",
                    () -> ImageSets.list(
                            spark.hadoopConfiguration(), "data.test", job.data().test(), List.of()));
        }
        return Optional.ofNullable(found[0]);
    }

    private interface Trial {
        void run() throws IOException;
    }

    private void tried(String subject, String where, Trial trial) {
        try {
            trial.run();
            checks.add(new Check(Check.Level.OK, subject, where, "as they should be", ""));
        } catch (Exception e) {
            // Exception, since Spark's own are checked but not declared.
            Interruption.keep(e);
            checks.add(new Check(
                    Check.Level.FAIL,
                    subject,
                    where,
                    Printable.firstLine(Failures.explain(e)),
                    "see what the message says"));
        }
    }

    /** Whether files can be created exclusively, and replaced, where runs are to be. */
    private void writes(String directory) throws IOException {
        FileSystem files = RunDirectory.files(spark.hadoopConfiguration(), directory);
        Path folder = new Path(directory, "doctor-" + UUID.randomUUID());
        Path file = new Path(folder, "file");
        try {
            files.mkdirs(folder);
            if (!AtomicFiles.createNew(files, file, new byte[] {1})
                    || AtomicFiles.createNew(files, file, new byte[] {2})) {
                throw new ConvoyException("Cannot keep runs in " + directory
                        + ": of two that create one file both succeed;" + " set run.directory to HDFS or a disk");
            }
            AtomicFiles.replace(files, file, out -> out.write(3));
        } catch (IOException | FSError e) {
            throw RunDirectory.unwritable(folder, e);
        } finally {
            files.delete(folder, true);
        }
    }
}
