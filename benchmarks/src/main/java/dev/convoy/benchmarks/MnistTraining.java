package dev.convoy.benchmarks;

import dev.convoy.data.Normalization;
import dev.convoy.data.rdd.ImageShards;
import dev.convoy.model.LearningRate;
import dev.convoy.model.ModelState;
import dev.convoy.model.NetworkSpec;
import dev.convoy.model.OptimizerSpec;
import dev.convoy.model.backend.Placement;
import dev.convoy.train.AllReduceMaster;
import dev.convoy.train.AllReduceSpec;
import dev.convoy.train.DivergedException;
import dev.convoy.train.EpochReport;
import dev.convoy.train.Evaluator;
import dev.convoy.train.ReplicaSpec;
import dev.convoy.train.RoundsMaster;
import dev.convoy.train.SyncSpec;
import dev.convoy.train.Trainer;
import dev.convoy.train.TrainingListener;
import dev.convoy.train.TrainingMaster;
import dev.convoy.train.TrainingSpec;
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

    /** How to train. */
    record Way(int workers, SyncSpec sync, boolean overAllReduce) {
        static Way rounds(int workers, SyncSpec sync) {
            return new Way(workers, sync, false);
        }

        static Way allReduce(int workers, SyncSpec sync) {
            return new Way(workers, sync, true);
        }
    }

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

    /** A report for each epoch; fewer if training diverges. */
    List<EpochReport> train(Way way, long seed, int epochs, double warmupEpochs) {
        OptimizerSpec optimizer = new OptimizerSpec.Momentum(0.9, 5e-4);
        LearningRate rate = new LearningRate(0.04, new LearningRate.Schedule.Cosine(null), warmupEpochs);
        TrainingSpec spec = new TrainingSpec(seed, epochs, Workload.BATCH, optimizer, rate, way.sync);
        NetworkSpec network = LENET.spec();
        try (ImageShards train = shards("train", seed, way.workers)) {
            Normalization normalization = train.measuredNormalization();
            ReplicaSpec replica =
                    new ReplicaSpec("torch", Placement.CPU, network, LENET.input(), normalization, optimizer);
            List<EpochReport> reports = new ArrayList<>();
            TrainingListener keep = new TrainingListener() {
                @Override
                public void epochCompleted(EpochReport epoch, ModelState state) {
                    reports.add(epoch);
                }
            };
            try (TrainingMaster master = way.overAllReduce
                    ? new AllReduceMaster(spark, train, replica, spec, AllReduceSpec.defaults())
                    : new RoundsMaster(spark, train, replica, spec)) {
                new Trainer(master, new Evaluator(spark, replica, 250), spec, List.of(keep))
                        .train(replica.bind(), replica.bind().initialState(seed, optimizer), train, Optional.of(test));
            } catch (DivergedException e) {
                System.out.println(e.getMessage());
            }
            return reports;
        }
    }
}
