package dev.convoy.jobs;

import dev.convoy.config.DataConfig;
import dev.convoy.config.JobConfig;
import dev.convoy.data.ConvoyException;
import dev.convoy.data.ImageDecoder;
import dev.convoy.data.ImageDecoder.Colours;
import dev.convoy.data.ImageListing;
import dev.convoy.data.ImageShape;
import dev.convoy.data.RejectedImage;
import dev.convoy.data.WorkerLayout;
import dev.convoy.data.rdd.ImageShards;
import dev.convoy.data.rdd.ImageShards.OnBadImage;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.api.java.JavaSparkContext;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Reads the images that a configuration names. */
final class ImageSets {
    private static final Logger LOG = LoggerFactory.getLogger(ImageSets.class);

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

    /** A set of images that is listed but not read, and the shape that its images are to have. */
    record Description(ImageListing listing, DataConfig.Source source, ImageShape shape) {
        List<String> classNames() {
            return listing.classNames();
        }
    }

    /** The training images; they decide the classes and, unless configured, the shape. */
    Description describeTrain() throws IOException {
        DataConfig data = config.data();
        Configuration hadoop = spark.hadoopConfiguration();
        ImageListing listing = data.train().source().list(hadoop, List.of());
        boolean fixed = data.resize() != null && !data.channels().equals("auto");
        // Looking at an image is only worth its while if something is left to find out.
        ImageShape found = fixed ? new ImageShape(1, 1, 1) : ImageShards.firstShape(hadoop, listing, data.onBadImage());
        int channels = data.channels().equals("auto") ? found.channels() : Integer.parseInt(data.channels());
        int height = data.resize() == null ? found.height() : data.resize().get(0);
        int width = data.resize() == null ? found.width() : data.resize().get(1);
        return new Description(listing, data.train(), new ImageShape(channels, height, width));
    }

    /** The test images, if any are configured, in the shape and classes of a model. */
    Optional<ImageShards> test(ImageShape shape, List<String> classNames) throws IOException {
        DataConfig.Source test = config.data().test();
        if (test == null) {
            return Optional.empty();
        }
        ImageListing listing = test.source().list(spark.hadoopConfiguration(), classNames);
        return Optional.of(load(new Description(listing, test, shape)));
    }

    /** Reads, decodes, deals and caches what was described. */
    ImageShards load(Description images) {
        return load(
                images,
                Optional.ofNullable(images.source.limit()).orElse(Long.MAX_VALUE),
                workers,
                config.data().cache());
    }

    /** A few of the images, chosen at random, decoded, in one partition. */
    ImageShards sample(Description images, int most) {
        return load(images, most, 1, ImageShards.Cache.MEMORY);
    }

    private ImageShards load(Description images, long limit, int partitions, ImageShards.Cache cache) {
        DataConfig data = config.data();
        long available = images.listing.examples();
        long examples = Math.min(available, limit);
        WorkerLayout layout = new WorkerLayout(config.seed(), available, examples, partitions);
        ImageShards shards =
                ImageShards.of(spark, images.listing, decoder(data, images.shape), layout, data.onBadImage(), cache);
        try {
            checkRejected(data, images.listing, shards.rejected(), examples);
            return shards;
        } catch (ConvoyException e) {
            shards.close();
            throw e;
        }
    }

    /** What images of another size or colour become. */
    static ImageDecoder decoder(DataConfig data, ImageShape shape) {
        Colours colours = data.channels().equals("1") ? Colours.TO_GREY : Colours.REFUSE;
        return new ImageDecoder(shape, data.sizes(), colours);
    }

    /**
     * Fails if more images were rejected than may be.
     *
     * @param rejected by id
     */
    static void checkRejected(DataConfig data, ImageListing listing, List<RejectedImage> rejected, long examples) {
        if (!rejected.isEmpty() && data.onBadImage() == OnBadImage.FAIL) {
            throw new ConvoyException("Cannot use the image " + rejected.get(0).name() + ": "
                    + rejected.get(0).reason()
                    + (rejected.size() == 1 ? "" : "; " + rejected.size() + " are bad in all")
                    + "; mend or remove them, or set data.on-bad-image = skip");
        }
        // A quotient is rounded as the setting was when it was read; a product may fall just below the count that is
        // allowed.
        if ((double) rejected.size() / examples > data.maxBadFraction()) {
            throw new ConvoyException("Cannot use " + listing.description() + ": " + rejected.size() + " of " + examples
                    + " images were rejected, more than data.max-bad-fraction = " + data.maxBadFraction()
                    + " allows; the first, " + rejected.get(0).name() + ", because "
                    + rejected.get(0).reason() + "; mend the images, or set data.max-bad-fraction higher");
        }
    }

    /** A line of {@code rejects.csv}. */
    record Reject(String set, long id, String image, String reason) {}

    /** Writes {@code rejects.csv} and says how many there are; nothing if there are none. */
    static void record(RunDirectory run, ImageShards train, Optional<ImageShards> test) {
        List<Reject> rejects = new ArrayList<>(rejects("train", train.rejected()));
        test.ifPresent(images -> rejects.addAll(rejects("test", images.rejected())));
        record(run, rejects);
    }

    /** The same, for an evaluation. */
    static void record(RunDirectory run, ImageShards test) {
        record(run, rejects("test", test.rejected()));
    }

    private static void record(RunDirectory run, List<Reject> rejects) {
        if (!rejects.isEmpty()) {
            LOG.warn("{} images were skipped; they are listed in {}/rejects.csv", rejects.size(), run);
        }
        run.writeTable("rejects.csv", Reject.class, rejects);
    }

    static List<Reject> rejects(String set, List<RejectedImage> rejected) {
        return rejected.stream()
                .map(image -> new Reject(set, image.id(), image.name(), image.reason()))
                .toList();
    }
}
