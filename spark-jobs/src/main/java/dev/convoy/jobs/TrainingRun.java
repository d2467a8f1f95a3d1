package dev.convoy.jobs;

import com.typesafe.config.Config;
import dev.convoy.checkpoint.Provenance;
import dev.convoy.config.ConfigReader;
import dev.convoy.config.JobConfig;
import dev.convoy.config.SignificantKeys;
import dev.convoy.data.ClassWeights;
import dev.convoy.data.ConvoyException;
import dev.convoy.data.Normalization;
import dev.convoy.data.decode.Preparation;
import dev.convoy.data.rdd.ImageShards;
import dev.convoy.doctor.ThisProcess;
import dev.convoy.model.ModelState;
import dev.convoy.model.Network;
import dev.convoy.model.NetworkSpec;
import dev.convoy.model.backend.ComputeBackend;
import dev.convoy.model.file.TrainedModel;
import dev.convoy.report.Environment;
import dev.convoy.storage.Interruption;
import dev.convoy.train.DivergedException;
import dev.convoy.train.EarlyStopping;
import dev.convoy.train.Evaluator;
import dev.convoy.train.Trainer;
import dev.convoy.train.TrainingHistory;
import dev.convoy.train.TrainingListener;
import dev.convoy.train.TrainingMaster;
import dev.convoy.train.TrainingSpec;
import dev.convoy.train.TrainingState;
import dev.convoy.train.allreduce.AllReduceMaster;
import dev.convoy.train.replica.ReplicaSpec;
import java.awt.AWTError;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.apache.hadoop.fs.Path;
import org.apache.spark.api.java.JavaSparkContext;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What a job does in its run directory, from the listing of images to the last file. */
final class TrainingRun {
    private static final Logger LOG = LoggerFactory.getLogger(TrainingRun.class);

    private final JavaSparkContext spark;
    private final Config config;
    private final JobConfig job;
    private final List<TrainingListener> listeners;
    private final TrainJob.Night night;
    private final TrainJob.Purpose purpose;
    private final RunDirectory run;
    private final ResultBuilder outcome;
    private final Optional<Resumption> resumption;

    /**
     * @param resumption what it goes on from; empty if it begins
     */
    TrainingRun(
            JavaSparkContext spark,
            Config config,
            JobConfig job,
            List<TrainingListener> listeners,
            TrainJob.Night night,
            TrainJob.Purpose purpose,
            RunDirectory run,
            ResultBuilder outcome,
            Optional<Resumption> resumption) {
        this.spark = spark;
        this.config = config;
        this.job = job;
        this.listeners = listeners;
        this.night = night;
        this.purpose = purpose;
        this.run = run;
        this.outcome = outcome;
        this.resumption = resumption;
    }

    /** Does it, whatever its purpose is. */
    void run() throws IOException {
        if (resumption.isEmpty()) {
            run.write(RunDirectory.CONFIG, ConfigReader.render(config));
        }
        try (TaskWatchdog watchdog = TaskWatchdog.watch(spark)) {
            prepare();
        }
    }

    private void prepare() throws IOException {
        if (job.sync().transport() == JobConfig.Sync.Transport.ALL_REDUCE) {
            AllReduceMaster.check(spark.getConf(), job.sync().allReduce());
        }
        int workers = resumption.map(Resumption::workers).orElseGet(spark::defaultParallelism);
        ImageSets sets = new ImageSets(spark, job, workers).withListings(night.listed());
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
                ReplicaSpec replica = new ReplicaSpec(
                        job.backend().name(), job.backend().placement(), network.spec(), train.shape(), normalization);
                Config settled = settled(replica, train, batchSize, weights);
                JobConfig chosen = ConfigReader.toTrainingConfig(settled);
                outcome.settled(chosen);
                TrainingSpec training = chosen.trainingSpec(batchSize, weights);
                Provenance provenance = provenance(replica, settled, train, test, training);
                TrainingState start = resumption.isPresent()
                        ? resumption.get().state(network, provenance, training)
                        : TrainingState.start(first.orElseThrow(), training.optimizer());
                if (resumption.isPresent() || settled != config) {
                    run.write(RunDirectory.CONFIG, ConfigReader.render(settled));
                }
                run.writeJson(Environment.FILE, Surveys.environment(spark, job, chosen));
                ImageSets.record(run, train, test);
                carryOut(new Setup(
                        network,
                        masters(train, replica, chosen),
                        chosen.sync(),
                        provenance,
                        sets.preparation(images),
                        training,
                        start,
                        test));
            } finally {
                test.ifPresent(ImageShards::close);
            }
        }
    }

    /** The configuration with what trials have chosen where it says {@code auto}. */
    private Config settled(ReplicaSpec replica, ImageShards train, int batchSize, ClassWeights weights) {
        Config precise = PrecisionChoice.settled(config, spark, replica, batchSize);
        Masters masters = masters(train, replica, ConfigReader.toJobConfig(precise));
        int slots = spark.defaultParallelism();
        return SyncChoice.settled(
                precise,
                (train.layout().workers() + slots - 1) / slots,
                TrainingState.start(
                        replica.bind().initialState(job.seed()), job.optimizer().spec()),
                candidate -> masters.of(candidate.sync(), candidate.trainingSpec(batchSize, weights)));
    }

    private Masters masters(ImageShards train, ReplicaSpec replica, JobConfig precise) {
        return new Masters(
                spark, train, replica.in(precise.backend().placement().precision()));
    }

    private Provenance provenance(
            ReplicaSpec replica, Config settled, ImageShards train, Optional<ImageShards> test, TrainingSpec training) {
        return new Provenance(
                ThisProcess.codeVersion(),
                job.backend().name() + " on " + job.backend().device().name().toLowerCase(Locale.ROOT),
                train.layout().workers(),
                training.plan(train.layout(), 0).steps(),
                SignificantKeys.of(settled),
                Resumption.digests(train, test),
                replica.network(),
                replica.input(),
                replica.normalization(),
                training.loading().classWeights());
    }

    /** All that a training begins with. */
    private record Setup(
            Network network,
            Masters masters,
            JobConfig.Sync sync,
            Provenance provenance,
            Preparation preparation,
            TrainingSpec training,
            TrainingState start,
            Optional<ImageShards> test) {
        ImageShards train() {
            return masters.train();
        }

        ReplicaSpec replica() {
            return masters.replica();
        }

        TrainingMaster master() {
            return masters.of(sync, training);
        }
    }

    private TrainingHistory history() {
        return resumption.map(Resumption::history).orElse(TrainingHistory.EMPTY);
    }

    private void carryOut(Setup setup) {
        switch (purpose) {
            case TRAIN -> fit(setup);
            case DRY_RUN -> rehearse(setup);
            case FIND_RATE -> findRate(setup);
        }
    }

    /** Tells what would be done, and goes through one batch. */
    private void rehearse(Setup setup) {
        TrainingListener.Run told =
                Trainer.describe(setup.network, setup.training, setup.start, history(), setup.train(), setup.test);
        setup.training.checkRates(told.stepsPerEpoch());
        listeners.forEach(listener -> listener.runStarted(told));
        listeners.forEach(listener -> listener.runEnded(TrainingListener.Ending.COMPLETED, setup.start));
        Evaluator evaluator = new Evaluator(spark, setup.replica(), setup.training.batchSize());
        evaluator.gradientNorms(evaluator.sample(setup.train(), setup.training.batchSize()), setup.start.model());
        setup.master().close();
    }

    private void findRate(Setup setup) {
        if (job.sync().transport() == JobConfig.Sync.Transport.DL4J_SPARK) {
            throw new ConvoyException("Cannot find a learning rate with sync.transport = dl4j-spark, which exchanges no"
                    + " gradients; find it with another one");
        }
        RateFinder finder = new RateFinder(setup.training, setup.train().layout());
        try (TrainingMaster master = setup.masters.of(setup.sync, finder.spec())) {
            List<RateFinder.Point> points = finder.find(master, setup.start);
            run.writeTable(RateFinder.FILE, RateFinder.Point.class, points);
            outcome.suggestRate(RateFinder.suggest(points));
        }
    }

    private void fit(Setup setup) {
        EarlyStopping stopping = job.train().stop().earlyStopping();
        Evaluator evaluator = new Evaluator(spark, setup.replica(), setup.training.batchSize());
        try (TrainingMaster master = setup.master();
                RunRecorder recorder = recorder(setup, master.capabilities(), stopping);
                RunEvents events = new RunEvents(
                        run, job, evaluator, setup.training.batchSize(), setup.train(), setup.start.progress())) {
            outcome.training(recorder::snapshot, setup.train().classNames());
            List<TrainingListener> all = new ArrayList<>(List.of(recorder, events.listener()));
            all.addAll(listeners);
            try {
                new Trainer(master, evaluator, setup.training, recorder, all)
                        .withStopping(stopping)
                        .withSignal(outcome.signal())
                        .train(setup.network, setup.start, history(), setup.train(), setup.test);
                recorder.finish();
                examine(setup);
                events.memory(
                        spark,
                        setup.train().layout().workers(),
                        recorder.progress().globalStep());
            } catch (DivergedException e) {
                recorder.keepLastGood(e.lastGood());
                throw e;
            }
        }
    }

    /** Looks at the best epoch's model more closely, once there is one. */
    private void examine(Setup setup) {
        try {
            TrainedModel best = TrainedModel.load(run.files(), new Path(run.path(), RunDirectory.MODEL));
            EvaluationFolder folder = new EvaluationFolder(
                    spark,
                    run,
                    best,
                    setup.replica(),
                    setup.training.batchSize(),
                    job.report().images());
            Optional<Evaluator.Examination> found = setup.test.map(folder::examine);
            run.write(
                    RunDirectory.MODEL + "/" + ModelCard.FILE,
                    ModelCard.of(
                            best,
                            job.name(),
                            run.path().getName(),
                            setup.train().perClass(),
                            found.map(one -> Result.Test.of(one, best.classNames()))));
            folder.draw(found.map(Evaluator.Examination::answers), setup.test, Optional.of(setup.train()));
        } catch (Exception | LinkageError | AWTError | InternalError e) {
            // Exception, since Spark's own are checked but not declared. The model is there, whatever it looks like.
            LOG.warn("Cannot show how the model in {} answers: {}", run, e.toString(), e);
            Interruption.keep(e);
        }
    }

    private RunRecorder recorder(Setup setup, TrainingMaster.Capabilities can, EarlyStopping stopping) {
        RunRecorder.Policy policy = new RunRecorder.Policy(
                job.checkpoint().schedule().filter(schedule -> can.resumes()),
                job.checkpoint().retention(),
                stopping);
        return new RunRecorder(
                run,
                setup.network,
                setup.provenance,
                setup.train().classNames(),
                setup.preparation,
                policy,
                history(),
                resumption.map(Resumption::folder));
    }
}
