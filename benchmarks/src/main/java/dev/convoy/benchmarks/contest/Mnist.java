package dev.convoy.benchmarks.contest;

import dev.convoy.data.decode.ImageDecoder;
import dev.convoy.data.plan.WorkerLayout;
import dev.convoy.data.rdd.ImageShards;
import dev.convoy.data.rdd.ShardSpec;
import dev.convoy.data.source.IdxSource;
import dev.convoy.data.source.ImageListing;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.api.java.JavaSparkContext;

/** The digits, in the shape that a workload wants. */
public final class Mnist {
    private Mnist() {}

    /** Some of the training digits, dealt by the first seed. */
    public static ImageShards training(
            JavaSparkContext spark, Path folder, Workload workload, long examples, int workers) throws IOException {
        ImageListing digits = list(folder, "train");
        return shards(spark, digits, workload, new WorkerLayout(1, digits.examples(), examples, workers));
    }

    /**
     * All digits of a set.
     *
     * @param set {@code train} or {@code t10k}
     */
    public static ImageShards all(
            JavaSparkContext spark, Path folder, String set, Workload workload, long seed, int workers)
            throws IOException {
        ImageListing digits = list(folder, set);
        return shards(spark, digits, workload, new WorkerLayout(seed, digits.examples(), digits.examples(), workers));
    }

    private static ImageListing list(Path folder, String set) throws IOException {
        IdxSource source = new IdxSource(
                folder.resolve(set + "-images-idx3-ubyte").toString(),
                folder.resolve(set + "-labels-idx1-ubyte").toString());
        return source.list(new Configuration(), List.of());
    }

    private static ImageShards shards(
            JavaSparkContext spark, ImageListing digits, Workload workload, WorkerLayout layout) {
        ImageDecoder decoder =
                new ImageDecoder(workload.input(), ImageDecoder.Sizes.STRETCH, ImageDecoder.Colours.REFUSE);
        return ImageShards.of(spark, digits, new ShardSpec(decoder, layout));
    }
}
