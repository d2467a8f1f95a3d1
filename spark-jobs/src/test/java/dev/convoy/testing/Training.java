package dev.convoy.testing;

import dev.convoy.data.ImageShape;
import dev.convoy.data.Normalization;
import dev.convoy.data.decode.ImageDecoder;
import dev.convoy.data.plan.WorkerLayout;
import dev.convoy.data.rdd.ImageShards;
import dev.convoy.data.rdd.ShardSpec;
import dev.convoy.data.source.ImageListing;
import dev.convoy.model.NetworkSpec;
import dev.convoy.model.backend.Placement;
import dev.convoy.model.layer.Initializer;
import dev.convoy.model.layer.LayerSpec;
import dev.convoy.model.layer.Size2d;
import dev.convoy.model.optimizer.LearningRate;
import dev.convoy.train.EpochReport;
import dev.convoy.train.Evaluator;
import dev.convoy.train.RoundReport;
import dev.convoy.train.Trainer;
import dev.convoy.train.TrainingListener;
import dev.convoy.train.TrainingMaster;
import dev.convoy.train.TrainingSpec;
import dev.convoy.train.TrainingState;
import dev.convoy.train.allreduce.AllReduceMaster;
import dev.convoy.train.allreduce.AllReduceSpec;
import dev.convoy.train.replica.ReplicaSpec;
import dev.convoy.train.rounds.RoundsMaster;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.api.java.JavaSparkContext;

/** Trains on a sample of the test digits and keeps what the listeners hear. */
public final class Training {
    /** Every test of behaviour runs once on each backend. */
    public static final String BACKEND = System.getProperty("convoy.test.backend", "torch");

    public static final ImageShape DIGIT = new ImageShape(1, 28, 28);
    public static final Normalization NORMALIZATION = new Normalization(new float[] {0.1307f}, new float[] {0.3081f});
    public static final LearningRate RATE = new LearningRate(0.05)
            .withSchedule(new LearningRate.Schedule.Cosine(0.1))
            .withWarmupEpochs(0.3);

    /** No dropout, no batch normalisation. */
    public static final NetworkSpec SMALL = new NetworkSpec(List.of(
                    new LayerSpec.Conv2d(4, Size2d.square(5)).withStride(Size2d.square(2)),
                    new LayerSpec.Tanh(),
                    new LayerSpec.MaxPool(Size2d.square(2)),
                    new LayerSpec.Flatten(),
                    new LayerSpec.Dense(10)))
            .withInitializer(new Initializer.Xavier());

    public final List<EpochReport> epochs = new ArrayList<>();
    public final List<RoundReport> rounds = new ArrayList<>();
    public TrainingState start;
    public TrainingState end;

    public static ImageShards shards(JavaSparkContext spark, Path folder, int examples, int workers)
            throws IOException {
        return shards(spark, folder, examples, workers, ImageShards.Cache.MEMORY);
    }

    public static ImageShards shards(
            JavaSparkContext spark, Path folder, int examples, int workers, ImageShards.Cache cache)
            throws IOException {
        ImageListing listing = Digits.trainGzip(folder).list(new Configuration(), List.of());
        WorkerLayout layout = new WorkerLayout(1, listing.examples(), examples, workers);
        ImageDecoder decoder = new ImageDecoder(DIGIT, ImageDecoder.Sizes.REFUSE, ImageDecoder.Colours.REFUSE);
        return ImageShards.of(spark, listing, new ShardSpec(decoder, layout).withCache(cache));
    }

    public static ReplicaSpec replica(NetworkSpec network) {
        return replica(BACKEND, network);
    }

    public static ReplicaSpec replica(String backend, NetworkSpec network) {
        return new ReplicaSpec(backend, Placement.CPU, network, DIGIT, NORMALIZATION);
    }

    public static Training run(
            JavaSparkContext spark,
            ImageShards shards,
            NetworkSpec network,
            TrainingSpec spec,
            TrainingListener... more) {
        return run(spark, shards, replica(network), spec, more);
    }

    public static Training run(
            JavaSparkContext spark,
            ImageShards shards,
            ReplicaSpec replica,
            TrainingSpec spec,
            TrainingListener... more) {
        return run(spark, shards, replica, spec, new RoundsMaster(spark, shards, replica, spec), more);
    }

    public static Training run(
            JavaSparkContext spark,
            ImageShards shards,
            ReplicaSpec replica,
            TrainingSpec spec,
            TrainingMaster master,
            TrainingListener... more) {
        Training training = new Training();
        List<TrainingListener> listeners = new ArrayList<>(List.of(more));
        listeners.add(new TrainingListener() {
            @Override
            public void roundCompleted(RoundReport round) {
                training.rounds.add(round);
            }

            @Override
            public void epochCompleted(EpochReport epoch, TrainingState state) {
                training.epochs.add(epoch);
            }
        });
        training.start = TrainingState.start(replica.bind().initialState(spec.seed()), spec.optimizer());
        training.end = new Trainer(master, new Evaluator(spark, replica, 100), spec, (history, state) -> {}, listeners)
                .train(replica.bind(), training.start, shards, Optional.empty());
        return training;
    }

    public static Training allReduce(
            JavaSparkContext spark,
            ImageShards shards,
            NetworkSpec network,
            TrainingSpec spec,
            AllReduceSpec allReduce,
            TrainingListener... listeners) {
        ReplicaSpec replica = replica(network);
        return run(
                spark, shards, replica, spec, new AllReduceMaster(spark, shards, replica, spec, allReduce), listeners);
    }
}
