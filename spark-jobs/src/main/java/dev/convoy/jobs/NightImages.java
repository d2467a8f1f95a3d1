package dev.convoy.jobs;

import dev.convoy.config.JobConfig;
import dev.convoy.data.ConvoyException;
import dev.convoy.data.decode.ImageInfo;
import dev.convoy.data.rdd.ImageCensus.Entry;
import dev.convoy.data.source.ImageListing;
import dev.convoy.data.source.ImageSubset;
import dev.convoy.drift.ImageFacts;
import dev.convoy.drift.ImageSetProfile;
import dev.convoy.retrain.Manifest;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.BitSet;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.apache.spark.api.java.JavaSparkContext;

/**
 * The images of a night, as they were when it began: whatever comes later is for the next one.
 *
 * @param train listing of those to train on
 * @param heldOut listing of those to compare models on, with ids from 0; empty if there are none
 * @param heldOutImages what those are, by id
 * @param manifest all of them by content
 * @param profile what they are like
 * @param rejected how many cannot be used
 * @param unusable why these are too many; empty if they are not
 */
record NightImages(
        ImageListing train,
        Optional<ImageListing> heldOut,
        List<Manifest.Image> heldOutImages,
        Manifest manifest,
        ImageSetProfile profile,
        long rejected,
        Optional<String> unusable) {
    private static final double MAX_LEVEL = 255;

    /**
     * Looks at every image, in a Spark stage for each source.
     *
     * @throws ConvoyException if the sources cannot be listed, or nothing could be held out
     */
    static NightImages examine(JavaSparkContext spark, JobConfig job) throws IOException {
        if (job.data().test() == null && job.data().split() == null) {
            throw new ConvoyException("Cannot retrain without a hold-out, on which models are compared; set data.split"
                    + " or data.test");
        }
        if (job.data().train().limit() != null) {
            throw new ConvoyException("Cannot retrain with data.train.limit = "
                    + job.data().train().limit()
                    + ": every night would draw another sample; leave it out");
        }
        Map<String, ExaminedSet> sets = ImageSets.naming(() -> examined(spark, job));
        ExaminedSet train = sets.get(ExaminedSet.TRAIN);
        ExaminedSet test = sets.get(ExaminedSet.TEST);
        List<Manifest.Image> trained = images(train, false);
        List<Manifest.Image> heldOut = images(test, true);
        Set<ExaminedSet.Source> sources = new HashSet<>(List.of(train.from(), test.from()));
        Manifest manifest = new Manifest(
                train.from().listing().classNames(),
                Stream.concat(trained.stream(), heldOut.stream()).toList());
        long rejected =
                sources.stream().mapToLong(source -> source.rejected().size()).sum();
        return new NightImages(
                listing(train).orElseThrow(() -> noImages(train)),
                listing(test),
                heldOut,
                manifest,
                profile(sets, manifest, rejected),
                rejected,
                unusable(job, sources));
    }

    private static Map<String, ExaminedSet> examined(JavaSparkContext spark, JobConfig job) {
        try {
            return ExaminedSet.all(spark, job);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static ConvoyException noImages(ExaminedSet train) {
        return new ConvoyException("Cannot retrain: of " + train.from().examined() + " images in "
                + train.from().listing().description() + " none is left to train on; mend data.train");
    }

    /** In the order of their ids. */
    private static List<Entry> sorted(ExaminedSet set) {
        return set.images().stream().sorted(Comparator.comparingLong(Entry::id)).toList();
    }

    private static List<Manifest.Image> images(ExaminedSet set, boolean heldOut) {
        return sorted(set).stream()
                .map(image -> new Manifest.Image(image.content(), image.label(), heldOut))
                .toList();
    }

    private static ImageSetProfile profile(Map<String, ExaminedSet> sets, Manifest manifest, long rejected) {
        // Grey images among coloured ones have three equal channels.
        int channels = sets.values().stream()
                .flatMap(set -> set.images().stream())
                .mapToInt(image -> image.info().mean().length)
                .max()
                .orElse(1);
        ImageSetProfile.Builder profile = new ImageSetProfile.Builder();
        for (ExaminedSet set : sets.values()) {
            List<String> names = set.from().listing().classNames();
            for (Entry image : set.images()) {
                ImageInfo info = image.info();
                profile.add(new ImageFacts(
                        names.get(image.label()),
                        info.shape().width(),
                        info.shape().height(),
                        info.format(),
                        levels(info.mean(), channels),
                        levels(info.std(), channels)));
            }
        }
        profile.addRejected(rejected);
        profile.addCopies(manifest.copies());
        return profile.build();
    }

    private static double[] levels(double[] shares, int channels) {
        double[] levels = new double[channels];
        for (int i = 0; i < channels; i++) {
            levels[i] = Math.min(MAX_LEVEL, shares[i % shares.length] * MAX_LEVEL);
        }
        return levels;
    }

    private static Optional<ImageListing> listing(ExaminedSet set) {
        BitSet chosen = new BitSet();
        set.images().forEach(image -> chosen.set((int) image.id()));
        return chosen.isEmpty()
                ? Optional.empty()
                : Optional.of(ImageSubset.of(set.from().listing(), chosen));
    }

    private static Optional<String> unusable(JobConfig job, Set<ExaminedSet.Source> sources) {
        for (ExaminedSet.Source source : sources) {
            try {
                ImageSets.checkRejected(job.data(), source.listing(), source.rejected(), source.examined());
            } catch (ConvoyException e) {
                return Optional.of(e.getMessage());
            }
        }
        return Optional.empty();
    }
}
