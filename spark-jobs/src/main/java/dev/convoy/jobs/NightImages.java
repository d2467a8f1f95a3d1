package dev.convoy.jobs;

import dev.convoy.config.JobConfig;
import dev.convoy.data.ConvoyException;
import dev.convoy.data.decode.ImageInfo;
import dev.convoy.data.rdd.ImageCensus.ContentHash;
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
import java.util.function.Predicate;
import java.util.stream.DoubleStream;
import java.util.stream.Stream;
import org.apache.spark.api.java.JavaSparkContext;

/**
 * The images of a night, as they were when it began: whatever comes later is for the next one.
 *
 * @param train listing of those to train on
 * @param heldOut listing of those to compare models on, with ids from 0; empty if there are none
 * @param heldOutImages what those are, by id
 * @param manifest all of them by content
 * @param sets what was found of each
 * @param channels that images are trained with
 * @param rejected how many cannot be used
 * @param unusable why these are too many; empty if they are not
 */
record NightImages(
        ImageListing train,
        Optional<ImageListing> heldOut,
        List<Manifest.Image> heldOutImages,
        Manifest manifest,
        Map<String, ExaminedSet> sets,
        int channels,
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
                sets,
                channels(job, sets),
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

    /** What all of them are like. */
    ImageSetProfile profile() {
        return profile(content -> true).orElseThrow();
    }

    /** What those are like that a champion does not know; empty if there are none. */
    Optional<ImageSetProfile> profileOfNew(Champion champion) {
        if (champion.manifest().isEmpty()) {
            return Optional.empty();
        }
        Set<ContentHash> known = champion.manifest().get().contents(false);
        known.addAll(champion.manifest().get().contents(true));
        return profile(content -> !known.contains(content));
    }

    private Optional<ImageSetProfile> profile(Predicate<ContentHash> chosen) {
        ImageSetProfile.Builder profile = new ImageSetProfile.Builder();
        long count = 0;
        for (ExaminedSet set : sets.values()) {
            List<String> names = set.from().listing().classNames();
            for (Entry image : set.images()) {
                if (chosen.test(image.content())) {
                    count++;
                    profile.add(facts(image.info(), names.get(image.label())));
                }
            }
        }
        if (count == 0) {
            return Optional.empty();
        }
        profile.addRejected(rejected);
        profile.addCopies(Math.min(count, manifest.copies()));
        return Optional.of(profile.build());
    }

    private ImageFacts facts(ImageInfo info, String className) {
        return new ImageFacts(
                className,
                info.shape().width(),
                info.shape().height(),
                info.format(),
                levels(info.mean(), channels),
                levels(info.std(), channels));
    }

    /** Grey images among coloured ones have three equal channels; coloured ones that become grey the mean of theirs. */
    private static int channels(JobConfig job, Map<String, ExaminedSet> sets) {
        if (!job.data().channels().equals("auto")) {
            return Integer.parseInt(job.data().channels());
        }
        return sets.values().stream()
                .flatMap(set -> set.images().stream())
                .mapToInt(image -> image.info().mean().length)
                .max()
                .orElse(1);
    }

    private static double[] levels(double[] shares, int channels) {
        double mean = DoubleStream.of(shares).average().orElse(0);
        double[] levels = new double[channels];
        for (int i = 0; i < channels; i++) {
            levels[i] = Math.min(MAX_LEVEL, MAX_LEVEL * (channels < shares.length ? mean : shares[i % shares.length]));
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
