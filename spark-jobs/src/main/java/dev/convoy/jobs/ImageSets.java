package dev.convoy.jobs;

import dev.convoy.config.JobConfig;
import dev.convoy.data.ImageDecoder;
import dev.convoy.data.ImageDecoder.Colours;
import dev.convoy.data.ImageDecoder.Sizes;
import dev.convoy.data.ImageListing;
import dev.convoy.data.ImageShape;
import dev.convoy.data.RejectedImage;
import dev.convoy.data.WorkerLayout;
import dev.convoy.data.rdd.ImageShards;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.api.java.JavaSparkContext;

/** Reads the images that a configuration names. */
final class ImageSets {
    private final JavaSparkContext spark;
    private final JobConfig config;
    private final int workers;

    ImageSets(JavaSparkContext spark, JobConfig config) {
        this.spark = spark;
        this.config = config;
        this.workers = config.train().fixedWorkers().orElseGet(spark::defaultParallelism);
    }

    int workers() {
        return workers;
    }

    /** The training images; they decide the classes and, unless configured, the shape. */
    ImageShards train() throws IOException {
        JobConfig.Data data = config.data();
        Configuration hadoop = spark.hadoopConfiguration();
        ImageListing listing = data.train().source().list(hadoop, List.of());
        boolean fixed = data.resize() != null && !data.channels().equals("auto");
        // Looking at an image is only worth its while if something is left to find out.
        ImageShape found = fixed ? new ImageShape(1, 1, 1) : ImageShards.firstShape(hadoop, listing, data.onBadImage());
        int channels = data.channels().equals("auto") ? found.channels() : Integer.parseInt(data.channels());
        int height = data.resize() == null ? found.height() : data.resize().get(0);
        int width = data.resize() == null ? found.width() : data.resize().get(1);
        return load(listing, data.train(), new ImageShape(channels, height, width));
    }

    /** The test images, if any are configured, in the shape and classes of a model. */
    Optional<ImageShards> test(ImageShape shape, List<String> classNames) throws IOException {
        JobConfig.Source test = config.data().test();
        if (test == null) {
            return Optional.empty();
        }
        return Optional.of(load(test.source().list(spark.hadoopConfiguration(), classNames), test, shape));
    }

    private ImageShards load(ImageListing listing, JobConfig.Source source, ImageShape shape) {
        JobConfig.Data data = config.data();
        long examples =
                Math.min(listing.examples(), Optional.ofNullable(source.limit()).orElse(Long.MAX_VALUE));
        WorkerLayout layout = new WorkerLayout(config.seed(), listing.examples(), examples, workers);
        Sizes sizes = data.resize() == null ? Sizes.REFUSE : Sizes.RESIZE;
        Colours colours = data.channels().equals("1") ? Colours.TO_GREY : Colours.REFUSE;
        ImageDecoder decoder = new ImageDecoder(shape, sizes, colours);
        return ImageShards.of(spark, listing, decoder, layout, data.onBadImage());
    }

    /** A line of {@code rejects.csv}. */
    record Reject(String set, long id, String image, String reason) {}

    static List<Reject> rejects(ImageShards train, Optional<ImageShards> test) {
        List<Reject> rejects = new ArrayList<>(rejects("train", train.rejected()));
        test.ifPresent(images -> rejects.addAll(rejects("test", images.rejected())));
        return rejects;
    }

    static List<Reject> rejects(String set, List<RejectedImage> rejected) {
        return rejected.stream()
                .map(image -> new Reject(set, image.id(), image.name(), image.reason()))
                .toList();
    }
}
