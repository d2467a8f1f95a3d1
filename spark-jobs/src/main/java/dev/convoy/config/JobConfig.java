package dev.convoy.config;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonFormat;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.databind.annotation.JsonDeserialize;
import dev.convoy.collective.CollectiveBackend;
import dev.convoy.collective.Compression;
import dev.convoy.data.ClassWeights;
import dev.convoy.data.ConvoyException;
import dev.convoy.data.plan.Shuffle;
import dev.convoy.model.Loss;
import dev.convoy.model.NetworkSpec;
import dev.convoy.model.backend.Placement;
import dev.convoy.model.backend.dl4j.Dl4jGraph;
import dev.convoy.model.file.StartingWeights;
import dev.convoy.model.file.StartingWeights.Head;
import dev.convoy.model.layer.Initializer;
import dev.convoy.model.layer.LayerSpec;
import dev.convoy.model.optimizer.LearningRate;
import dev.convoy.model.optimizer.OptimizerSpec;
import dev.convoy.model.zoo.NamedNetwork;
import dev.convoy.train.TrainingSpec;
import dev.convoy.train.allreduce.AllReduceSpec;
import dev.convoy.train.allreduce.AllReduceSpec.PlainTextPolicy;
import dev.convoy.train.allreduce.AllReduceSpec.Sharing;
import dev.convoy.train.sync.GradientAveraging;
import dev.convoy.train.sync.OptimizerStatePolicy;
import dev.convoy.train.sync.OuterOptimizer;
import dev.convoy.train.sync.ParameterAveraging;
import dev.convoy.train.sync.SyncSpec;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

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
        Prepare prepare,
        Run run) {
    public JobConfig {
        if (!name.matches("[A-Za-z0-9._-]+")) {
            throw new ConvoyException("Cannot use name = \"" + name + "\"; it names a directory, so letters, digits,"
                    + " dot, underscore and hyphen are allowed");
        }
    }

    /** {@code backend.*}. */
    public record Backend(String name, Placement.Device device, Placement.Precision precision) {
        /** Where replicas compute; Spark decides on which of several GPUs. */
        public Placement placement() {
            return new Placement(device, Placement.ANY, precision);
        }
    }

    /**
     * {@code network}: a name, or an object.
     *
     * @param initFrom weights to start from, or a whole model; null to draw them
     * @param initPrefix taken off the names in a file of weights; null for nothing
     * @param initNames the network's names by those in a file of weights; null if they are the same
     */
    public record NetworkConfig(
            String name,
            List<LayerSpec> layers,
            Loss loss,
            Initializer initializer,
            Double labelSmoothing,
            String initFrom,
            String initPrefix,
            Map<String, String> initNames,
            Head head,
            @JsonFormat(with = JsonFormat.Feature.ACCEPT_SINGLE_VALUE_AS_ARRAY) List<String> freeze) {
        @JsonCreator
        public NetworkConfig {
            if (name != null && layers != null || name == null && layers == null && initFrom == null) {
                throw new ConvoyException("Cannot build a network with " + (name == null ? "neither" : "both")
                        + " a name and layers; set network to one of " + NamedNetwork.names()
                        + ", or network.layers to a list");
            }
            if (head != null && initFrom == null) {
                throw new ConvoyException(
                        "Cannot use network.head without weights to start from; set network.init-from,"
                                + " or leave network.head out");
            }
            head = head == null ? Head.KEEP : head;
        }

        @JsonCreator(mode = JsonCreator.Mode.DELEGATING)
        static NetworkConfig named(String name) {
            return new NetworkConfig(name, null, null, null, null, null, null, null, null, null);
        }

        /** How names in a file of weights become the network's. */
        public StartingWeights.Renaming renaming() {
            return new StartingWeights.Renaming(
                    initPrefix == null ? "" : initPrefix, initNames == null ? Map.of() : initNames);
        }

        /** The network of {@link #name}; empty if it has none. */
        public Optional<NamedNetwork> known() {
            return Optional.ofNullable(name).map(NamedNetwork::of);
        }

        /**
         * The network for this many classes.
         *
         * @param model whose network it is if the configuration has neither name nor layers
         */
        public NetworkSpec spec(int classes, Optional<NetworkSpec> model) {
            if (layers != null) {
                return new NetworkSpec(layers, loss, initializer, labelSmoothing, freeze);
            }
            NetworkSpec spec = known().map(network -> network.spec(classes))
                    .or(() -> model.map(network -> head == Head.REPLACE ? network.withUnits(classes) : network))
                    .orElseThrow(() -> new ConvoyException("Cannot tell the network from network.init-from = "
                            + initFrom + ", which has weights alone; set network.name or network.layers"));
            return new NetworkSpec(
                    spec.layers(),
                    loss == null ? spec.loss() : loss,
                    initializer == null ? spec.initializer() : initializer,
                    labelSmoothing == null ? spec.labelSmoothing() : labelSmoothing,
                    freeze);
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
            @JsonDeserialize(using = OuterReader.class) OuterOptimizer outer,
            Compression compression,
            double maxNorm,
            Sharing sharedMemory,
            CollectiveBackend network,
            boolean overlap,
            boolean allowPlainText,
            long timeout) {
        /** What workers exchange. */
        public enum Rule {
            @JsonProperty("parameter-averaging")
            PARAMETER_AVERAGING,
            @JsonProperty("gradient")
            GRADIENT
        }

        /** How sums are made. */
        public enum Transport {
            @JsonProperty("rounds")
            ROUNDS,
            @JsonProperty("all-reduce")
            ALL_REDUCE,
            @JsonProperty("dl4j-spark")
            DL4J_SPARK
        }

        public Sync {
            if (!localSteps.equals("auto") && !localSteps.matches("[1-9][0-9]{0,6}")) {
                throw new ConvoyException(
                        "Cannot use sync.local-steps = " + localSteps + "; allowed are auto and a number from 1");
            }
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

        /** What the training loop needs of it. */
        public SyncSpec spec() {
            if (exchange == Rule.GRADIENT && outer.hasVelocity()) {
                throw new ConvoyException("Cannot use sync.outer with sync.exchange = gradient, which has an optimizer"
                        + " of its own; set sync.outer = none or sync.exchange = parameter-averaging");
            }
            return new SyncSpec(
                    exchange == Rule.GRADIENT ? new GradientAveraging() : averaging(), compression, maxNorm);
        }
    }

    /** {@code train.*}. */
    public record Train(int epochs, String workers) {
        public Train {
            if (!workers.equals("auto") && !workers.matches("[1-9][0-9]{0,6}")) {
                throw new ConvoyException(
                        "Cannot use train.workers = " + workers + "; allowed are auto and a number from 1");
            }
            if (epochs < 1) {
                throw new ConvoyException("Cannot use train.epochs = " + epochs + "; it must be at least 1");
            }
        }

        /** The number of workers; empty for as many as Spark has cores. */
        public Optional<Integer> fixedWorkers() {
            return workers.equals("auto") ? Optional.empty() : Optional.of(Integer.valueOf(workers));
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
                throw new ConvoyException(
                        "Cannot use prepare.shard-megabytes = " + shardMegabytes + "; allowed are 1 to 1024");
            }
        }
    }

    /** {@code run.*}. */
    public record Run(String directory) {}

    /**
     * This, if it has what training needs; an evaluation needs less.
     *
     * @throws ConvoyException if it has not
     */
    public JobConfig requireTraining() {
        requireTrainingData();
        require("network", network);
        // These check what depends on several keys.
        sync.spec();
        sync.allReduce();
        data.loading(ClassWeights.NONE);
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
     * @param classWeights that {@link DataConfig#classWeights} comes to on the training images
     */
    public TrainingSpec trainingSpec(ClassWeights classWeights) {
        return new TrainingSpec(
                seed,
                train.epochs,
                data.batchSize(),
                optimizer.spec,
                optimizer.learningRate,
                sync.spec(),
                data.loading(classWeights));
    }

    private void requireDl4j() {
        boolean plain = sync.exchange == Sync.Rule.PARAMETER_AVERAGING
                && !sync.localSteps.equals("auto")
                && !sync.outer.hasVelocity()
                && sync.compression == Compression.NONE
                && sync.warmupRounds == 0
                && data.augment().transforms().isEmpty()
                && data.shuffle() == Shuffle.Kind.GLOBAL
                && data.classWeights().equals(ClassWeighting.NONE);
        if (!backend.name.equals("dl4j") || backend.device == Placement.Device.CUDA || !plain) {
            throw new ConvoyException("Cannot use sync.transport = dl4j-spark with these settings: it is"
                    + " Deeplearning4j's own master, and needs backend.name = dl4j, backend.device = cpu or auto,"
                    + " sync.exchange = parameter-averaging, a number for sync.local-steps, sync.outer = none,"
                    + " sync.compression = none, sync.warmup-rounds = 0, data.augment = [], data.shuffle = global and"
                    + " no data.class-weights");
        }
        Dl4jGraph.checkOptimizer(optimizer.spec);
    }

    private void requireGpu() {
        if (!backend.name.equals("torch") || backend.device == Placement.Device.CPU) {
            throw new ConvoyException("Cannot use sync.network = nccl with backend.name = " + backend.name
                    + " and backend.device = " + backend.device.name().toLowerCase(Locale.ROOT)
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
