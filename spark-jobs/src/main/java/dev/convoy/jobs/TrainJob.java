package dev.convoy.jobs;

import com.typesafe.config.Config;
import dev.convoy.checkpoint.Provenance;
import dev.convoy.checkpoint.SavedCheckpoint;
import dev.convoy.config.ConfigReader;
import dev.convoy.config.JobConfig;
import dev.convoy.config.SignificantKeys;
import dev.convoy.data.ClassWeights;
import dev.convoy.data.ConvoyException;
import dev.convoy.data.Normalization;
import dev.convoy.data.rdd.ImageShards;
import dev.convoy.data.source.ImageListing;
import dev.convoy.model.ModelState;
import dev.convoy.model.Network;
import dev.convoy.model.NetworkSpec;
import dev.convoy.model.backend.ComputeBackend;
import dev.convoy.model.file.TrainedModel;
import dev.convoy.report.Environment;
import dev.convoy.report.page.ReportPage;
import dev.convoy.train.DivergedException;
import dev.convoy.train.EarlyStopping;
import dev.convoy.train.Evaluator;
import dev.convoy.train.StopSignal;
import dev.convoy.train.Trainer;
import dev.convoy.train.TrainingHistory;
import dev.convoy.train.TrainingListener;
import dev.convoy.train.TrainingMaster;
import dev.convoy.train.TrainingSpec;
import dev.convoy.train.TrainingState;
import dev.convoy.train.allreduce.AllReduceMaster;
import dev.convoy.train.dl4j.Dl4jMaster;
import dev.convoy.train.replica.ReplicaSpec;
import dev.convoy.train.rounds.RoundsMaster;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.apache.hadoop.fs.FSError;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.api.java.JavaSparkContext;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** From a configuration to a run directory with an evaluated model. */
public final class TrainJob {
    private static final Logger LOG = LoggerFactory.getLogger(TrainJob.class);

    private final JavaSparkContext spark;
    private final Config config;
    private final JobConfig job;
    private final List<TrainingListener> listeners;
    private final Resume resume;
    private final Night night;

    /**
     * What a night of retraining decides for a training.
     *
     * @param listed the images by set, in place of what the configuration names
     * @param signal is set when the process is told to end
     */
    record Night(Map<String, ImageListing> listed, StopSignal signal) {}

    /**
     * @param config of {@link ConfigReader#read}
     * @throws ConvoyException if the configuration is not sound
     */
    public TrainJob(JavaSparkContext spark, Config config, List<? extends TrainingListener> listeners) {
        this(spark, config, listeners, Resume.NEVER, new Night(Map.of(), new StopSignal()));
    }

    private TrainJob(
            JavaSparkContext spark,
            Config config,
            List<? extends TrainingListener> listeners,
            Resume resume,
            Night night) {
        this.spark = spark;
        this.config = config;
        this.job = ConfigReader.toTrainingConfig(config);
        this.listeners = List.copyOf(listeners);
        this.resume = resume;
        this.night = night;
    }

    /** Goes on with an earlier run. */
    public TrainJob withResume(Resume other) {
        return new TrainJob(spark, config, listeners, other, night);
    }

    /** Trains as part of a night. */
    TrainJob withNight(Night other) {
        return new TrainJob(spark, config, listeners, resume, other);
    }

    /**
     * Trains, evaluates and writes the run directory, which tells of failure too.
     *
     * @return where the run was written, and its result
     * @throws ConvoyException if there is no run to go on with, or it cannot be gone on with; it is left as it was
     */
    public FinishedRun run() throws IOException {
        Optional<Path> earlier =
                resume.find(spark.hadoopConfiguration(), job.run().directory(), job.name());
        return earlier.isPresent() ? resume(earlier.get()) : begin();
    }

    private FinishedRun begin() {
        RunDirectory run =
                RunDirectory.create(spark.hadoopConfiguration(), job.run().directory(), job.name(), Instant.now());
        ResultBuilder outcome = new ResultBuilder("train", job, spark, night.signal);
        return record(outcome, run, () -> watched(run, outcome, Optional.empty()));
    }

    /** Makes the report too, once the result is there, unless there is no time for it. */
    private FinishedRun record(ResultBuilder outcome, RunDirectory run, ResultBuilder.Work work) {
        try {
            return outcome.record(run, work);
        } finally {
            if (!night.signal.isRequested() && outcome.hasEnded()) {
                report(run);
            }
        }
    }

    private static void report(RunDirectory run) {
        try {
            ReportPage.write(run.files(), run.path());
        } catch (IOException | RuntimeException | FSError e) {
            LOG.warn("Cannot make the report of {}: {}; scripts/convoy report makes it anew", run, e.toString());
        }
    }

    private FinishedRun resume(Path path) throws IOException {
        checkMaster();
        FileSystem files = RunDirectory.files(spark.hadoopConfiguration(), path.toString());
        RunDirectory run = RunDirectory.takeOver(files, path);
        if (Resume.isFinished(files, path) && !resume.allowChanges()) {
            run.giveBack(run.read(RunDirectory.RESULT));
            throw new ConvoyException("Cannot go on with " + run + ": another process has just finished it");
        }
        ResultBuilder outcome = new ResultBuilder("train", job, spark, night.signal);
        // Chosen now that nobody else writes any more.
        return record(outcome, run, () -> {
            Optional<SavedCheckpoint> checkpoint = Resume.checkpoint(files, path);
            Optional<Resumption> resumption = Optional.empty();
            if (checkpoint.isPresent()) {
                outcome.training(
                        () -> known(checkpoint.get()),
                        checkpoint.get().provenance().classNames());
                resumption = Optional.of(new Resumption(
                        run.toString(), checkpoint.get(), SignificantKeys.of(config), resume.allowChanges()));
            }
            run.sweep();
            watched(run, outcome, resumption);
        });
    }

    /** What is known of a training before it goes on. */
    private TrainingSnapshot known(SavedCheckpoint checkpoint) {
        return TrainingSnapshot.of(
                checkpoint.history(),
                checkpoint.progress(),
                Optional.of(checkpoint.folder()),
                0,
                job.train().stop().earlyStopping());
    }

    private void checkMaster() {
        if (job.sync().transport() == JobConfig.Sync.Transport.DL4J_SPARK) {
            throw new ConvoyException("Cannot go on with sync.transport = dl4j-spark: Deeplearning4j's master keeps the"
                    + " optimizer's memory to itself; train without --resume");
        }
    }

    private void watched(RunDirectory run, ResultBuilder outcome, Optional<Resumption> resumption) throws IOException {
        if (resumption.isEmpty()) {
            run.write(RunDirectory.CONFIG, ConfigReader.render(config));
        }
        try (TaskWatchdog watchdog = TaskWatchdog.watch(spark)) {
            train(run, outcome, resumption);
        }
    }

    private void train(RunDirectory run, ResultBuilder outcome, Optional<Resumption> resumption) throws IOException {
        if (job.sync().transport() == JobConfig.Sync.Transport.ALL_REDUCE) {
            AllReduceMaster.check(spark.getConf(), job.sync().allReduce());
        }
        int workers = resumption.map(Resumption::workers).orElseGet(spark::defaultParallelism);
        ImageSets sets = new ImageSets(spark, job, workers).withListings(night.listed);
        outcome.workers = sets.workers();
        int batchSize = job.data().batchSizeOf(sets.workers());
        ImageSets.Description images = sets.describeTrain();
        // Whatever does not fit is found before pixels are read.
        Optional<NetworkSpec> known = resumption.flatMap(Resumption::network);
        InitialModel initial = known.isPresent()
                ? InitialModel.drawn(job.network())
                : InitialModel.of(
                        spark.hadoopConfiguration(),
                        job.network(),
                        job.registry().directory(),
                        images.shape());
        Network network = known.orElseGet(
                        () -> initial.network(images.classNames().size()))
                .bind(images.shape());
        Trainer.checkFit(network, images.classNames().size());
        job.data().classWeights().check(images.classNames());
        ComputeBackend.named(job.backend().name())
                .checkSupport(network, job.backend().placement());
        initial.checkClasses(images.classNames());
        DoctorJob.check(spark, job, network, sets.workers());
        Optional<ImageSets.Description> tested = sets.describeTest(images.shape(), images.classNames());
        Optional<ModelState> first =
                resumption.isPresent() ? Optional.empty() : Optional.of(initial.state(network, job.seed()));
        try (ImageShards train = sets.load(images)) {
            ImageSets.warnOfUntrained(train.classNames(), train.perClass());
            Optional<ImageShards> test = tested.map(sets::load);
            try {
                ClassWeights weights = job.data().classWeights().weights(train.classNames(), train.perClass());
                outcome.data(train, test, weights);
                Normalization normalization = Optional.ofNullable(job.data().normalization())
                        .or(() -> resumption.flatMap(Resumption::normalization))
                        .or(initial::normalization)
                        .orElseGet(train::measuredNormalization);
                TrainingSpec training = job.trainingSpec(batchSize, weights);
                Provenance provenance = provenance(network, train, test, normalization, training);
                TrainingState start = resumption.isPresent()
                        ? resumption.get().state(network, provenance, training)
                        : TrainingState.start(first.orElseThrow(), training.optimizer());
                run.write(RunDirectory.CONFIG, ConfigReader.render(config));
                run.writeJson(Environment.FILE, Surveys.environment(spark, job));
                ImageSets.record(run, train, test);
                fit(run, outcome, new Setup(network, provenance, training, start, resumption, train, test));
            } finally {
                test.ifPresent(ImageShards::close);
            }
        }
    }

    /** The version of this code. */
    static String codeVersion() {
        return Optional.ofNullable(TrainJob.class.getPackage().getImplementationVersion())
                .orElse("(not from a jar)");
    }

    private Provenance provenance(
            Network network,
            ImageShards train,
            Optional<ImageShards> test,
            Normalization normalization,
            TrainingSpec training) {
        return new Provenance(
                codeVersion(),
                job.backend().name() + " on " + job.backend().device().name().toLowerCase(Locale.ROOT),
                train.layout().workers(),
                training.plan(train.layout(), 0).steps(),
                SignificantKeys.of(config),
                Resumption.digests(train, test),
                network.spec(),
                network.input(),
                normalization,
                training.loading().classWeights());
    }

    /**
     * All that a training begins with.
     *
     * @param resumption empty for a new run
     */
    private record Setup(
            Network network,
            Provenance provenance,
            TrainingSpec training,
            TrainingState start,
            Optional<Resumption> resumption,
            ImageShards train,
            Optional<ImageShards> test) {
        TrainingHistory history() {
            return resumption.map(Resumption::history).orElse(TrainingHistory.EMPTY);
        }
    }

    private void fit(RunDirectory run, ResultBuilder outcome, Setup setup) {
        ReplicaSpec replica = new ReplicaSpec(
                job.backend().name(),
                job.backend().placement(),
                setup.network.spec(),
                setup.train.shape(),
                setup.provenance.normalization());
        EarlyStopping stopping = job.train().stop().earlyStopping();
        Evaluator evaluator = new Evaluator(spark, replica, setup.training.batchSize());
        try (TrainingMaster master = master(setup.train, replica, setup.training);
                RunRecorder recorder = recorder(run, setup, master.capabilities(), stopping);
                RunEvents events = new RunEvents(run, job, evaluator, setup.train, setup.start.progress())) {
            outcome.training(recorder::snapshot, setup.train.classNames());
            List<TrainingListener> all = new ArrayList<>(List.of(recorder, events.listener()));
            all.addAll(listeners);
            try {
                new Trainer(master, evaluator, setup.training, recorder, all)
                        .withStopping(stopping)
                        .withSignal(outcome.signal())
                        .train(setup.network, setup.start, setup.history(), setup.train, setup.test);
                recorder.finish();
                examine(run, setup, replica);
                events.memory(
                        spark,
                        setup.train.layout().workers(),
                        recorder.progress().globalStep());
            } catch (DivergedException e) {
                recorder.keepLastGood(e.lastGood());
                throw e;
            }
        }
    }

    /** Looks at the best epoch's model more closely, once there is one. */
    private void examine(RunDirectory run, Setup setup, ReplicaSpec replica) {
        if (setup.test.isEmpty()) {
            return;
        }
        try {
            TrainedModel best = TrainedModel.load(run.files(), new Path(run.path(), RunDirectory.MODEL));
            new EvaluationFolder(spark, run, best, replica, job.report().images())
                    .write(setup.training.batchSize(), setup.test.get(), Optional.of(setup.train));
        } catch (Exception e) {
            // Exception, since Spark's own are checked but not declared. The model is there, whatever it looks like.
            LOG.warn("Cannot show how the model in {} answers: {}", run, e.toString(), e);
        }
    }

    private RunRecorder recorder(
            RunDirectory run, Setup setup, TrainingMaster.Capabilities can, EarlyStopping stopping) {
        RunRecorder.Policy policy = new RunRecorder.Policy(
                job.checkpoint().schedule().filter(schedule -> can.resumes()),
                job.checkpoint().retention(),
                stopping);
        return new RunRecorder(
                run,
                setup.network,
                setup.provenance,
                setup.train.classNames(),
                job.data().preparation(),
                policy,
                setup.history(),
                setup.resumption.map(Resumption::folder));
    }

    private TrainingMaster master(ImageShards train, ReplicaSpec replica, TrainingSpec training) {
        return switch (job.sync().transport()) {
            case ROUNDS -> new RoundsMaster(spark, train, replica, training);
            case ALL_REDUCE -> new AllReduceMaster(
                    spark, train, replica, training, job.sync().allReduce());
            case DL4J_SPARK -> new Dl4jMaster(
                    spark, train, replica, training, job.sync().averaging(), Dl4jMaster.Tuning.TUNED);
        };
    }
}
