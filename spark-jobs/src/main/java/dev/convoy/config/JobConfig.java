package dev.convoy.config;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.databind.annotation.JsonDeserialize;
import dev.convoy.collective.CollectiveBackend;
import dev.convoy.collective.Compression;
import dev.convoy.data.ClassWeights;
import dev.convoy.data.ConvoyException;
import dev.convoy.data.InvalidValueException;
import dev.convoy.data.plan.Shuffle;
import dev.convoy.model.Json;
import dev.convoy.model.backend.Placement;
import dev.convoy.model.backend.dl4j.Dl4jGraph;
import dev.convoy.model.optimizer.LearningRate;
import dev.convoy.model.optimizer.OptimizerSpec;
import dev.convoy.train.EarlyStopping;
import dev.convoy.train.TrainingSpec;
import dev.convoy.train.allreduce.AllReduceSpec;
import dev.convoy.train.allreduce.AllReduceSpec.PlainTextPolicy;
import dev.convoy.train.allreduce.AllReduceSpec.Sharing;
import dev.convoy.train.sync.GradientAveraging;
import dev.convoy.train.sync.LatePolicy;
import dev.convoy.train.sync.OptimizerStatePolicy;
import dev.convoy.train.sync.OuterOptimizer;
import dev.convoy.train.sync.ParameterAveraging;
import dev.convoy.train.sync.SyncSpec;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * The whole configuration of a job, one component for each key of {@code reference.conf}. Read by {@link ConfigReader}.
 */
public record JobConfig(
        String name,
        long seed,
        Backend backend,
        DataConfig data,
        NetworkConfig network,
        Optimizer optimizer,
        Sync sync,
        Train train,
        CheckpointConfig checkpoint,
        Prepare prepare,
        Registry registry,
        Run run,
        Report report,
        RetrainConfig retrain) {
    public JobConfig {
        if (!name.matches("[A-Za-z0-9._-]+")) {
            throw new InvalidValueException(
                    "name",
                    "\"" + name + "\"",
                    "it names a directory, so letters, digits, dot, underscore and hyphen are allowed");
        }
    }

    /** {@code backend.*}. */
    public record Backend(String name, Placement.Device device, Precision precision) {
        /** What convolutions and dense layers compute in. */
        public enum Precision {
            FP32,
            BF16,
            /** What turns out to be faster where training is to run; {@link #FP32} for whoever does not try. */
            AUTO
        }

        /** Where replicas compute; Spark decides on which of several GPUs. */
        public Placement placement() {
            Placement.Precision known =
                    precision == Precision.BF16 ? Placement.Precision.BF16 : Placement.Precision.FP32;
            return new Placement(device, Placement.ANY, known);
        }
    }

    /** {@code optimizer}: the algorithm's own keys beside those of the learning rate. */
    @JsonDeserialize(using = OptimizerReader.class)
    public record Optimizer(OptimizerSpec spec, LearningRate learningRate) {}

    /** {@code sync.*}. */
    public record Sync(
            Rule exchange,
            Transport transport,
            String localSteps,
            int warmupRounds,
            OptimizerStatePolicy optimizerState,
            OuterOptimizer outer,
            Compression compression,
            double maxNorm,
            Sharing sharedMemory,
            CollectiveBackend network,
            boolean overlap,
            boolean allowPlainText,
            long timeout,
            String roundTimeout,
            double quorum) {
        /** What workers exchange. */
        public enum Rule {
            @JsonProperty("parameter-averaging")
            PARAMETER_AVERAGING,
            @JsonProperty("gradient")
            GRADIENT,
            /** Gradients, unless they hold training up. */
            @JsonProperty("auto")
            AUTO
        }

        /** How sums are made. */
        public enum Transport {
            @JsonProperty("rounds")
            ROUNDS,
            @JsonProperty("all-reduce")
            ALL_REDUCE,
            @JsonProperty("dl4j-spark")
            DL4J_SPARK,
            /** Of the first two what turns out to be faster. */
            @JsonProperty("auto")
            AUTO
        }

        public Sync {
            if (!localSteps.equals("auto") && !localSteps.matches("[1-9][0-9]{0,6}")) {
                throw new InvalidValueException("localSteps", localSteps, "allowed are auto and a number from 1");
            }
            if (!roundTimeout.equals("none") && !roundTimeout.matches("[1-9][0-9]{0,6}")) {
                throw new InvalidValueException(
                        "roundTimeout", roundTimeout, "allowed are none and a number of seconds from 1");
            }
        }

        /** Whether trials are to choose exchange or transport. */
        public boolean hasChoice() {
            return exchange == Rule.AUTO || transport == Transport.AUTO;
        }

        /** When rounds go on without slow workers. */
        private LatePolicy late() {
            if (roundTimeout.equals("none") && quorum == 1) {
                return LatePolicy.WAIT_FOR_ALL;
            }
            Duration patience =
                    roundTimeout.equals("none") ? Duration.ofDays(1) : Duration.ofSeconds(Long.parseLong(roundTimeout));
            LatePolicy late = new LatePolicy(quorum, patience);
            if (roundTimeout.equals("none") || quorum == 1) {
                throw new ConvoyException("Cannot use sync.quorum = " + quorum + " with sync.round-timeout = "
                        + roundTimeout + ": a round goes on without slow workers so many seconds after its quorum has"
                        + " come; set both, or neither");
            }
            if (transport != Transport.ROUNDS) {
                throw new ConvoyException("Cannot use sync.quorum and sync.round-timeout with sync.transport = "
                        + Json.key(transport)
                        + ", whose rounds need every worker; leave them out, or set sync.transport = rounds");
            }
            return late;
        }

        /** What transport all-reduce needs of it. */
        public AllReduceSpec allReduce() {
            return new AllReduceSpec(
                    sharedMemory,
                    network,
                    overlap,
                    timeout,
                    AllReduceSpec.ATTEMPTS,
                    allowPlainText ? PlainTextPolicy.ALWAYS : PlainTextPolicy.AS_SPARK_ALLOWS);
        }

        /** The rule of parameter averaging that these keys make. */
        public ParameterAveraging averaging() {
            int steps = localSteps.equals("auto") ? ParameterAveraging.AUTO : Integer.parseInt(localSteps);
            return new ParameterAveraging(steps, warmupRounds, optimizerState, outer);
        }

        /** What the training loop needs of it; of an exchange that is not chosen yet, the one that takes more memory. */
        public SyncSpec spec() {
            if (exchange == Rule.GRADIENT && outer.hasVelocity()) {
                throw new ConvoyException("Cannot use sync.outer with sync.exchange = gradient, which has an optimizer"
                        + " of its own; set sync.outer = none or sync.exchange = parameter-averaging");
            }
            ParameterAveraging averaging = averaging();
            return new SyncSpec(
                    exchange == Rule.GRADIENT ? new GradientAveraging() : averaging, compression, maxNorm, late());
        }
    }

    /** {@code train.*}. */
    public record Train(int epochs, String workers, Stop stop) {
        public Train {
            if (!workers.equals("auto") && !workers.matches("[1-9][0-9]{0,6}")) {
                throw new InvalidValueException("workers", workers, "allowed are auto and a number from 1");
            }
            if (epochs < 1) {
                throw new InvalidValueException("epochs", epochs, "it must be at least 1");
            }
        }

        /** The number of workers; empty for as many as Spark has cores. */
        public Optional<Integer> fixedWorkers() {
            return workers.equals("auto") ? Optional.empty() : Optional.of(Integer.valueOf(workers));
        }
    }

    /**
     * {@code train.stop.*}.
     *
     * @param patience null for all epochs
     */
    public record Stop(Integer patience, Metric metric) {
        /** By what epochs are compared. */
        public enum Metric {
            @JsonProperty("test-accuracy")
            TEST_ACCURACY,
            @JsonProperty("test-loss")
            TEST_LOSS,
            @JsonProperty("train-loss")
            TRAIN_LOSS
        }

        /** When epochs that are no better end training, and which is the best. */
        public EarlyStopping earlyStopping() {
            OptionalInt epochs = patience == null ? OptionalInt.empty() : OptionalInt.of(patience);
            return ConfigErrors.under(
                    "train.stop", () -> new EarlyStopping(EarlyStopping.Metric.valueOf(metric.name()), epochs));
        }
    }

    /** {@code prepare.*}. */
    public record Prepare(String directory, Store store, int shardMegabytes) {
        /** What shards hold. */
        public enum Store {
            /** Files as they are. */
            ENCODED,
            /** Images of one size, uncompressed. */
            DECODED
        }

        public Prepare {
            if (shardMegabytes < 1 || shardMegabytes > 1024) {
                throw new InvalidValueException("shardMegabytes", shardMegabytes, "allowed are 1 to 1024");
            }
        }
    }

    /** {@code registry.*}. */
    public record Registry(String directory) {}

    /** {@code run.*}. */
    public record Run(String directory) {}

    /**
     * {@code report.*}.
     *
     * @param images shown of each kind; 0 for none
     * @param tensorboard whether files for TensorBoard are written
     * @param mlflow where metrics are told, too
     */
    public record Report(int images, boolean tensorboard, RetrainConfig.Mlflow mlflow) {
        private static final int MAX_IMAGES = 100;

        public Report {
            if (images < 0 || images > MAX_IMAGES) {
                throw new InvalidValueException("images", images, "allowed are 0 to " + MAX_IMAGES);
            }
        }
    }

    /**
     * This, if it has what training needs; an evaluation needs less.
     *
     * @throws InvalidValueException if a value is out of range, naming its key
     * @throws ConvoyException if a key is missing, or keys do not go together
     */
    public JobConfig requireTraining() {
        requireTrainingData();
        require("network", network);
        // These check what depends on several keys.
        network.check();
        ConfigErrors.under("sync", sync::spec);
        ConfigErrors.under("sync", sync::allReduce);
        data.loading(ClassWeights.NONE);
        checkpoint.schedule();
        checkpoint.retention();
        requireMetric(train.stop().earlyStopping());
        if (sync.transport == Sync.Transport.DL4J_SPARK) {
            requireDl4j();
        }
        if (sync.transport == Sync.Transport.ALL_REDUCE && sync.network == CollectiveBackend.NCCL) {
            requireGpu();
        }
        return this;
    }

    /**
     * This, if it names training images.
     *
     * @throws ConvoyException if it does not
     */
    public JobConfig requireTrainingData() {
        require("data.train", data.train());
        return this;
    }

    /**
     * What the training loop needs of it.
     *
     * @param batchSize examples per worker and step, of {@link DataConfig#batchSizeOf}
     * @param classWeights that {@link DataConfig#classWeights} comes to on the training images
     */
    public TrainingSpec trainingSpec(int batchSize, ClassWeights classWeights) {
        return new TrainingSpec(
                seed,
                train.epochs,
                batchSize,
                optimizer.spec,
                optimizer.learningRate,
                sync.spec(),
                data.loading(classWeights));
    }

    private void requireMetric(EarlyStopping stopping) {
        if (stopping.patience().isPresent()
                && stopping.metric().needsTest()
                && data.test() == null
                && data.split() == null) {
            throw new ConvoyException("Cannot use train.stop.patience with train.stop.metric = "
                    + Json.key(stopping.metric())
                    + " without test images; set data.test or data.split, or train.stop.metric = train-loss");
        }
    }

    private void requireDl4j() {
        boolean plain = sync.exchange == Sync.Rule.PARAMETER_AVERAGING
                && !sync.localSteps.equals("auto")
                && !sync.outer.hasVelocity()
                && sync.compression == Compression.NONE
                && sync.warmupRounds == 0
                && data.augment().transforms().isEmpty()
                && data.shuffle() == Shuffle.Kind.GLOBAL
                && data.order() == DataConfig.Order.PER_WORKER
                && data.classWeights().equals(ClassWeighting.NONE);
        if (!backend.name.equals("dl4j") || backend.device == Placement.Device.CUDA || !plain) {
            throw new ConvoyException("Cannot use sync.transport = dl4j-spark with these settings: it is"
                    + " Deeplearning4j's own master, and needs backend.name = dl4j, backend.device = cpu or auto,"
                    + " sync.exchange = parameter-averaging, a number for sync.local-steps, sync.outer = none,"
                    + " sync.compression = none, sync.warmup-rounds = 0, data.augment = [], data.shuffle = global,"
                    + " data.order = per-worker and no data.class-weights");
        }
        Dl4jGraph.checkOptimizer(optimizer.spec);
    }

    private void requireGpu() {
        if (!backend.name.equals("torch") || backend.device == Placement.Device.CPU) {
            throw new ConvoyException("Cannot use sync.network = nccl with backend.name = " + backend.name
                    + " and backend.device = " + Json.key(backend.device)
                    + ": it sums on GPUs, in libtorch's memory; set backend.name = torch and backend.device = cuda, or"
                    + " sync.network = gloo");
        }
    }

    private static void require(String key, Object value) {
        if (value == null) {
            throw new ConvoyException("Cannot run without " + key + "; set it in the configuration");
        }
    }
}
