package dev.convoy.benchmarks.accuracy;

import com.fasterxml.jackson.annotation.JsonFormat;
import dev.convoy.benchmarks.contest.Mnist;
import dev.convoy.benchmarks.contest.Workload;
import dev.convoy.config.JobConfig.Sync.Transport;
import dev.convoy.data.Normalization;
import dev.convoy.data.rdd.ImageShards;
import dev.convoy.model.backend.Placement;
import dev.convoy.model.optimizer.LearningRate;
import dev.convoy.model.optimizer.OptimizerSpec;
import dev.convoy.train.DivergedException;
import dev.convoy.train.EpochReport;
import dev.convoy.train.Evaluator;
import dev.convoy.train.Trainer;
import dev.convoy.train.TrainingMaster;
import dev.convoy.train.TrainingSpec;
import dev.convoy.train.TrainingState;
import dev.convoy.train.TrainingStore;
import dev.convoy.train.allreduce.AllReduceMaster;
import dev.convoy.train.allreduce.AllReduceSpec;
import dev.convoy.train.dl4j.Dl4jMaster;
import dev.convoy.train.replica.ReplicaSpec;
import dev.convoy.train.rounds.RoundsMaster;
import dev.convoy.train.sync.ParameterAveraging;
import dev.convoy.train.sync.SyncSpec;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.spark.api.java.JavaSparkContext;

/** Trains LeNet on MNIST with the settings of conf/mnist-lenet.conf, but for what is exchanged and the warm-up. */
final class MnistTraining {
    private static final Workload LENET = Workload.LENET;

    /**
     * What an epoch came to.
     *
     * @param seconds of training alone
     * @param accuracy on the test digits
     */
    @JsonFormat(shape = JsonFormat.Shape.ARRAY)
    record Epoch(double seconds, double accuracy) {}

    private final JavaSparkContext spark;
    private final Path data;
    private final ImageShards test;

    MnistTraining(JavaSparkContext spark, Path data) {
        this.spark = spark;
        this.data = data;
        this.test = shards("t10k", 1, 2);
    }

    private ImageShards shards(String set, long seed, int workers) {
        try {
            return Mnist.all(spark, data, set, LENET, seed, workers);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** With backend torch; fewer epochs if training diverges. */
    List<Epoch> train(Transport transport, int workers, SyncSpec sync, long seed, int epochs, double warmupEpochs) {
        LearningRate rate = new LearningRate(0.04)
                .withSchedule(new LearningRate.Schedule.Cosine())
                .withWarmupEpochs(warmupEpochs);
        OptimizerSpec optimizer = new OptimizerSpec.Momentum(0.9, 5e-4);
        TrainingSpec spec = new TrainingSpec(seed, epochs, Workload.BATCH, optimizer, rate, sync);
        Masters masters = (train, replica) -> transport == Transport.ALL_REDUCE
                ? new AllReduceMaster(spark, train, replica, spec, AllReduceSpec.defaults())
                : new RoundsMaster(spark, train, replica, spec);
        return train(masters, "torch", workers, spec);
    }

    /**
     * With Deeplearning4j's master, which has no classical momentum, and a rate for each epoch: that of its first step,
     * so that a warm-up would last a whole epoch. Without one the rate is half as high.
     */
    List<Epoch> trainDl4j(int workers, ParameterAveraging averaging, long seed, int epochs) {
        LearningRate rate = new LearningRate(0.02).withSchedule(new LearningRate.Schedule.Cosine());
        OptimizerSpec optimizer = new OptimizerSpec.Nesterov(0.9, 5e-4);
        TrainingSpec spec = new TrainingSpec(seed, epochs, Workload.BATCH, optimizer, rate, SyncSpec.of(averaging));
        return train(
                (train, replica) -> new Dl4jMaster(spark, train, replica, spec, averaging, Dl4jMaster.Tuning.TUNED),
                "dl4j",
                workers,
                spec);
    }

    /** Makes the master of a training. */
    private interface Masters {
        TrainingMaster master(ImageShards train, ReplicaSpec replica);
    }

    private List<Epoch> train(Masters masters, String backend, int workers, TrainingSpec spec) {
        try (ImageShards train = shards("train", spec.seed(), workers)) {
            Normalization normalization = train.measuredNormalization();
            ReplicaSpec replica = new ReplicaSpec(backend, Placement.CPU, LENET.spec(), LENET.input(), normalization);
            List<Epoch> done = new ArrayList<>();
            TrainingStore keep = (history, state) -> {
                EpochReport last = history.last().orElseThrow();
                done.add(
                        new Epoch(last.trainSeconds(), last.test().orElseThrow().accuracy()));
            };
            try (TrainingMaster master = masters.master(train, replica)) {
                TrainingState start = TrainingState.start(replica.bind().initialState(spec.seed()), spec.optimizer());
                new Trainer(master, new Evaluator(spark, replica, 250), spec, keep, List.of())
                        .train(replica.bind(), start, train, Optional.of(test));
            } catch (DivergedException e) {
                System.out.println(e.getMessage());
            }
            return done;
        }
    }
}
