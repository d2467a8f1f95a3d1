package dev.convoy.jobs;

import dev.convoy.config.DataConfig;
import dev.convoy.config.JobConfig;
import dev.convoy.data.ConvoyException;
import dev.convoy.data.ImageShape;
import dev.convoy.data.InvalidValueException;
import dev.convoy.data.Printable;
import dev.convoy.data.RejectedImage;
import dev.convoy.data.decode.ImageDecoder;
import dev.convoy.data.decode.ImageDecoder.Colours;
import dev.convoy.data.decode.Preparation;
import dev.convoy.data.plan.WorkerLayout;
import dev.convoy.data.rdd.ImageCensus;
import dev.convoy.data.rdd.ImageShards;
import dev.convoy.data.rdd.ImageShards.OnBadImage;
import dev.convoy.data.rdd.ListedImages;
import dev.convoy.data.rdd.ShardSpec;
import dev.convoy.data.rdd.UnusableImageException;
import dev.convoy.data.source.ImageListing;
import dev.convoy.data.source.ImageSubset;
import java.io.IOException;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.apache.commons.lang3.exception.ExceptionUtils;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.api.java.JavaSparkContext;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Reads the images that a configuration names, and names the setting where something is wrong with them. */
final class ImageSets {
    private static final Logger LOG = LoggerFactory.getLogger(ImageSets.class);

    private final JavaSparkContext spark;
    private final JobConfig config;
    private final int workers;
    /** By set, listings that stand in for what is there when it is asked for. */
    private final Map<String, ImageListing> listed;
    /** The ids in the training source that {@code data.split} tests with; found when first asked for. */
    private BitSet tested;

    ImageSets(JavaSparkContext spark, JobConfig config) {
        this(spark, config, spark.defaultParallelism());
    }

    /**
     * @param workers unless the configuration says how many
     */
    ImageSets(JavaSparkContext spark, JobConfig config, int workers) {
        this(spark, config, workers, Map.of());
    }

    private ImageSets(JavaSparkContext spark, JobConfig config, int workers, Map<String, ImageListing> listed) {
        this.spark = spark;
        this.config = config;
        this.workers = config.train().fixedWorkers().orElse(workers);
        this.listed = listed;
    }

    /**
     * Reads images that are listed already, whatever has come since.
     *
     * @param others by set, {@code train} or {@code test}, in place of what the configuration names
     */
    ImageSets withListings(Map<String, ImageListing> others) {
        return new ImageSets(spark, config, workers, others);
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

    /** Lists the training images. They decide the classes and, unless it is configured, the shape. */
    Description describeTrain() throws IOException {
        return describe(listTrain(List.of()));
    }

    /** As {@link #describeTrain}, with what {@code data.split} would put aside, for which every image is read. */
    Description describeUnsplit() throws IOException {
        return describe(listAllTrain(List.of()));
    }

    private Description describe(ImageListing listing) throws IOException {
        DataConfig data = config.data();
        boolean fixed = data.resize() != null && !data.channels().equals("auto");
        // Looking at an image is only worth its while if something is left to find out.
        ImageShape found = fixed ? new ImageShape(1, 1, 1) : firstShape(listing);
        int channels = data.channels().equals("auto") ? found.channels() : Integer.parseInt(data.channels());
        int height = data.resize() == null ? found.height() : data.resize().get(0);
        int width = data.resize() == null ? found.width() : data.resize().get(1);
        return new Description(listing, data.train(), new ImageShape(channels, height, width));
    }

    private ImageShape firstShape(ImageListing listing) throws IOException {
        try {
            return ListedImages.firstShape(
                    spark.hadoopConfiguration(), listing, config.data().onBadImage());
        } catch (UnusableImageException e) {
            throw named(e, e);
        }
    }

    /**
     * Lists the images of a source.
     *
     * @param key of the source, for example {@code data.train}
     * @throws ConvoyException with the key of what it is about, if the source cannot be read as it is configured
     */
    static ImageListing list(Configuration hadoop, String key, DataConfig.Source source, List<String> classNames)
            throws IOException {
        try {
            return source.source().list(hadoop, classNames);
        } catch (InvalidValueException e) {
            String setting = e.property().replaceAll("([A-Z])", "-$1").toLowerCase(Locale.ROOT);
            throw new ConvoyException("Cannot use " + key + "." + setting + " = " + e.value() + "; " + e.allowed(), e);
        }
    }

    /**
     * Runs stages of Spark's that read images.
     *
     * @throws ConvoyException if an image cannot be used, with the setting by which it could
     */
    static <T> T naming(Supplier<T> stages) {
        try {
            return stages.get();
        } catch (Exception e) {
            // Exception, since Spark's own are checked but not declared.
            UnusableImageException image = ExceptionUtils.throwableOfType(e, UnusableImageException.class);
            if (image != null) {
                throw named(image, e);
            }
            throw e;
        }
    }

    private static ConvoyException named(UnusableImageException image, Throwable failure) {
        String setting =
                switch (image.kind()) {
                    case UNDECODABLE -> "data.on-bad-image = skip";
                    case OTHER_SIZE -> "data.resize = [height, width]";
                    case COLOUR -> "data.channels = 3, or 1";
                };
        return new ConvoyException(image.getMessage() + " (" + setting + ")", failure);
    }

    /** Lists the training images without those that {@code data.split} puts aside. */
    private ImageListing listTrain(List<String> classNames) throws IOException {
        ImageListing all = listAllTrain(classNames);
        return config.data().split() == null ? all : split(all, false);
    }

    private ImageListing listAllTrain(List<String> classNames) throws IOException {
        ImageListing known = listed.get(ExaminedSet.TRAIN);
        return known != null
                ? known
                : list(spark.hadoopConfiguration(), "data.train", config.data().train(), classNames);
    }

    private ImageListing split(ImageListing all, boolean test) {
        if (tested == null) {
            tested = ImageCensus.testImages(spark, all, config.data().split().test());
        }
        BitSet chosen = (BitSet) tested.clone();
        if (!test) {
            chosen.flip(0, all.count());
        }
        if (chosen.isEmpty()) {
            throw new ConvoyException("Cannot split " + all.description() + ": of its " + all.examples()
                    + " images data.split.test = " + config.data().split().test() + " leaves none for "
                    + (test ? "testing" : "training") + "; change it, or set data.test");
        }
        return ImageSubset.of(all, chosen);
    }

    /** Lists the test images, for the shape and the classes of a model; empty if none are configured. */
    Optional<Description> describeTest(ImageShape shape, List<String> classNames) throws IOException {
        DataConfig data = config.data();
        if (listed.containsKey(ExaminedSet.TEST)) {
            return Optional.of(new Description(listed.get(ExaminedSet.TEST), data.train(), shape));
        }
        if (data.test() != null) {
            ImageListing listing = list(spark.hadoopConfiguration(), "data.test", data.test(), classNames);
            return Optional.of(new Description(listing, data.test(), shape));
        }
        if (data.split() != null && data.train() != null) {
            return Optional.of(new Description(split(listAllTrain(classNames), true), data.train(), shape));
        }
        return Optional.empty();
    }

    /** How images come to the shape of a model that is trained on these, now or before they were stored. */
    Preparation preparation(Description images) throws IOException {
        DataConfig data = config.data();
        Optional<Preparation> stored = data.resize() == null
                ? images.source.source().preparation(spark.hadoopConfiguration())
                : Optional.empty();
        return stored.orElse(data.preparation());
    }

    /** Reads, decodes, deals and caches what was described. */
    ImageShards load(Description images) {
        return load(images, Optional.ofNullable(images.source.limit()).orElse(Long.MAX_VALUE), workers);
    }

    /** Reads some of the images, chosen at random, into one partition. */
    ImageShards sample(Description images, int max) {
        return load(images, max, 1);
    }

    private ImageShards load(Description images, long limit, int partitions) {
        DataConfig data = config.data();
        long available = images.listing.examples();
        long examples = Math.min(available, limit);
        WorkerLayout layout = new WorkerLayout(config.seed(), available, examples, partitions);
        // A hold-out is looked at as the model that is asked was trained.
        boolean grey = listed.containsKey(ExaminedSet.TEST) && images.shape.channels() == 1;
        Preparation usual = data.preparation();
        Preparation preparation = grey ? new Preparation(usual.sizes(), Colours.TO_GREY) : usual;
        ImageDecoder decoder = preparation.decoder(images.shape);
        ShardSpec spec = new ShardSpec(decoder, layout, data.onBadImage(), data.cache());
        ImageShards shards = naming(() -> ImageShards.of(spark, images.listing, spec));
        try {
            checkRejected(data, images.listing, shards.rejected(), examples);
            return shards;
        } catch (ConvoyException e) {
            shards.close();
            throw e;
        }
    }

    /**
     * Checks that no more images were rejected than may be.
     *
     * @param rejected images, in the order of their ids
     * @param examples number of images, the rejected ones among them
     * @throws ConvoyException if one was and none may be, or if they are more than a fraction
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

    /** Warns of classes that a network has nothing to learn from. */
    static void warnOfUntrained(List<String> classNames, List<Long> perClass) {
        List<String> untrained = IntStream.range(0, classNames.size())
                .filter(c -> perClass.get(c) == 0)
                .mapToObj(classNames::get)
                .toList();
        if (!untrained.isEmpty()) {
            LOG.warn(
                    "No training image is left of the classes {}; a network cannot learn them",
                    Printable.of(untrained.toString()));
        }
    }

    /** A line of {@code rejects.csv}. */
    record Reject(String set, long id, String image, String reason) {}

    /** Writes the rejected images of a training run to {@code rejects.csv}, and warns of them if there are any. */
    static void record(RunDirectory run, ImageShards train, Optional<ImageShards> test) {
        List<Reject> rejects = new ArrayList<>(rejects("train", train.rejected()));
        test.ifPresent(images -> rejects.addAll(rejects("test", images.rejected())));
        record(run, rejects);
    }

    /** Writes the rejected images of an evaluation to {@code rejects.csv}, and warns of them if there are any. */
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
