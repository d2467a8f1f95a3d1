package dev.convoy.jobs;

import com.typesafe.config.Config;
import dev.convoy.config.ConfigReader;
import dev.convoy.config.JobConfig;
import dev.convoy.data.ClassWeights;
import dev.convoy.data.Normalization;
import dev.convoy.data.rdd.ImageShards;
import dev.convoy.model.ModelState;
import dev.convoy.model.Network;
import dev.convoy.model.backend.ComputeBackend;
import dev.convoy.train.DivergedException;
import dev.convoy.train.Evaluator;
import dev.convoy.train.Trainer;
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
import java.util.List;
import java.util.Optional;
import org.apache.spark.api.java.JavaSparkContext;

/** From a configuration to a run directory with an evaluated model. */
public final class TrainJob {
    private final JavaSparkContext spark;
    private final Config config;
    private final JobConfig job;
    private final List<TrainingListener> listeners;

    /**
     * @param config of {@link ConfigReader#read}
     * @throws dev.convoy.data.ConvoyException if the configuration is not sound
     */
    public TrainJob(JavaSparkContext spark, Config config, List<? extends TrainingListener> listeners) {
        this.spark = spark;
        this.config = config;
        this.job = ConfigReader.toTrainingConfig(config);
        this.listeners = List.copyOf(listeners);
    }

    /**
     * Trains, evaluates and writes the run directory, which tells of failure too.
     *
     * @return where the run was written, and its result
     */
    public FinishedRun run() {
        RunDirectory run =
                RunDirectory.create(spark.hadoopConfiguration(), job.run().directory(), job.name(), Instant.now());
        ResultBuilder outcome = new ResultBuilder("train", job);
        return outcome.record(run, () -> {
            run.write(RunDirectory.CONFIG, ConfigReader.render(config));
            try (TaskWatchdog watchdog = TaskWatchdog.watch(spark)) {
                train(run, outcome);
            }
        });
    }

    private void train(RunDirectory run, ResultBuilder outcome) throws IOException {
        if (job.sync().transport() == JobConfig.Sync.Transport.ALL_REDUCE) {
            AllReduceMaster.check(spark.getConf(), job.sync().allReduce());
        }
        ImageSets sets = new ImageSets(spark, job);
        outcome.workers = sets.workers();
        int batchSize = job.data().batchSizeOf(sets.workers());
        ImageSets.Description images = sets.describeTrain();
        // Whatever does not fit is found before pixels are read.
        InitialModel start = InitialModel.of(spark.hadoopConfiguration(), job.network(), images.shape());
        Network network = start.network(images.classNames().size()).bind(images.shape());
        Trainer.checkFit(network, images.classNames().size());
        job.data().classWeights().check(images.classNames());
        ComputeBackend.named(job.backend().name())
                .checkSupport(network, job.backend().placement());
        start.checkClasses(images.classNames());
        ModelState state = start.state(network, job.seed());
        Optional<ImageSets.Description> tested = sets.describeTest(images.shape(), images.classNames());
        try (ImageShards train = sets.load(images)) {
            ImageSets.warnOfUntrained(train.classNames(), train.perClass());
            Optional<ImageShards> test = tested.map(sets::load);
            try {
                ClassWeights weights = job.data().classWeights().weights(train.classNames(), train.perClass());
                outcome.data(train, test, weights);
                ImageSets.record(run, train, test);
                Normalization normalization = Optional.ofNullable(job.data().normalization())
                        .or(start::normalization)
                        .orElseGet(train::measuredNormalization);
                fit(run, outcome, network, state, normalization, job.trainingSpec(batchSize, weights), train, test);
            } finally {
                test.ifPresent(ImageShards::close);
            }
        }
    }

    private void fit(
            RunDirectory run,
            ResultBuilder outcome,
            Network network,
            ModelState start,
            Normalization normalization,
            TrainingSpec training,
            ImageShards train,
            Optional<ImageShards> test) {
        ReplicaSpec replica = new ReplicaSpec(
                job.backend().name(), job.backend().placement(), network.spec(), train.shape(), normalization);
        RunRecorder recorder = new RunRecorder(run, network, train.classNames(), normalization);
        outcome.epochs(recorder::epochs, train.classNames());
        try (TrainingMaster master = master(train, replica, training)) {
            Evaluator evaluator = new Evaluator(spark, replica, job.data().batchSize());
            new Trainer(master, evaluator, training, recorder, listeners)
                    .train(network, TrainingState.start(start, training.optimizer()), train, test);
        } catch (DivergedException e) {
            recorder.save(e.lastGood());
            throw e;
        }
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
