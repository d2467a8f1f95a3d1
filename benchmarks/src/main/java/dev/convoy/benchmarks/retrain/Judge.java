package dev.convoy.benchmarks.retrain;

import dev.convoy.data.ImageShape;
import dev.convoy.data.decode.ImageDecoder;
import dev.convoy.data.plan.WorkerLayout;
import dev.convoy.data.rdd.ImageShards;
import dev.convoy.data.rdd.ShardSpec;
import dev.convoy.data.source.IdxSource;
import dev.convoy.data.source.ImageListing;
import dev.convoy.model.backend.Placement;
import dev.convoy.model.file.TrainedModel;
import dev.convoy.train.Evaluator;
import dev.convoy.train.replica.ReplicaSpec;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.api.java.JavaSparkContext;

/** Digits that no night sees, by which it is told afterwards how good a model really is. */
final class Judge implements AutoCloseable {
    private static final ImageShape SHAPE = new ImageShape(1, 28, 28);
    private static final int BATCH = 256;

    private final JavaSparkContext spark;
    private final ImageShards digits;

    Judge(JavaSparkContext spark, Path data) throws IOException {
        this.spark = spark;
        ImageListing listing = new IdxSource(
                        data.resolve("t10k-images-idx3-ubyte").toString(),
                        data.resolve("t10k-labels-idx1-ubyte").toString())
                .list(new Configuration(), List.of());
        ImageDecoder decoder = new ImageDecoder(SHAPE, ImageDecoder.Sizes.STRETCH, ImageDecoder.Colours.REFUSE);
        this.digits = ImageShards.of(
                spark, listing, new ShardSpec(decoder, new WorkerLayout(1, listing.examples(), listing.examples(), 2)));
    }

    /** The share of them that a model gets right. */
    double accuracy(TrainedModel model) {
        ReplicaSpec replica = ReplicaSpec.of("torch", Placement.CPU, model);
        return new Evaluator(spark, replica, BATCH)
                .evaluate(digits, model.state())
                .accuracy();
    }

    @Override
    public void close() {
        digits.close();
    }
}
