package dev.convoy.jobs;

import dev.convoy.config.DataConfig;
import dev.convoy.config.JobConfig;
import dev.convoy.data.RejectedImage;
import dev.convoy.data.plan.WorkerLayout;
import dev.convoy.data.rdd.ImageCensus;
import dev.convoy.data.rdd.ImageCensus.Entry;
import dev.convoy.data.source.DatasetManifest;
import dev.convoy.data.source.ImageListing;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.spark.api.java.JavaSparkContext;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A set of images that have been looked at one by one: those of a source that are to be trained on, or to be tested with.
 *
 * @param from the source
 * @param images the usable ones of this set
 * @param statistics of their pixels; null without images
 */
record ExaminedSet(Source from, List<Entry> images, DatasetManifest.Statistics statistics) {
    private static final Logger LOG = LoggerFactory.getLogger(ExaminedSet.class);

    static final String TRAIN = "train";
    static final String TEST = "test";

    /**
     * A source whose images have been looked at.
     *
     * @param examined how many were, the bad ones among them
     */
    record Source(ImageListing listing, ImageCensus.Scope scope, ImageCensus census, long examined) {
        /** Those that cannot be used. */
        List<RejectedImage> rejected() {
            return census.entries().stream()
                    .filter(entry -> entry.rejected() != null)
                    .map(Entry::rejected)
                    .toList();
        }

        /**
         * Takes the usable images of one side of the split.
         *
         * @param side 0 for those to train on, 1 for those to test with
         */
        private ExaminedSet side(int side) {
            return new ExaminedSet(
                    this,
                    census.entries().stream()
                            .filter(entry ->
                                    entry.rejected() == null && (scope.isTest(entry.content()) ? 1 : 0) == side)
                            .toList(),
                    census.statistics().get(side));
        }
    }

    /**
     * Looks at all images of a configuration.
     *
     * @return {@link #TRAIN} and, if images are tested with, {@link #TEST}; under {@code data.split} both are of one source
     */
    static Map<String, ExaminedSet> all(JavaSparkContext spark, JobConfig job) throws IOException {
        Map<String, ExaminedSet> sets = new LinkedHashMap<>();
        double share = job.data().split() == null ? 0 : job.data().split().test();
        Source train = examine(spark, job, TRAIN, job.data().train(), List.of(), share);
        sets.put(TRAIN, train.side(0));
        if (share > 0) {
            sets.put(TEST, train.side(1));
        } else if (job.data().test() != null) {
            List<String> classes = train.listing.classNames();
            sets.put(
                    TEST,
                    examine(spark, job, TEST, job.data().test(), classes, 0).side(0));
        }
        return sets;
    }

    private static Source examine(
            JavaSparkContext spark,
            JobConfig job,
            String set,
            DataConfig.Source source,
            List<String> classes,
            double testShare)
            throws IOException {
        ImageListing listing = ImageSets.list(spark.hadoopConfiguration(), "data." + set, source, classes);
        // The sample that training takes.
        long examples =
                Math.min(listing.count(), Optional.ofNullable(source.limit()).orElse(Long.MAX_VALUE));
        ImageCensus.Scope scope =
                new ImageCensus.Scope(new WorkerLayout(job.seed(), listing.examples(), examples, 1), testShare);
        Source examined = new Source(listing, scope, ImageCensus.of(spark, listing, scope), examples);
        LOG.info(
                "{}: {} images, {} of them unusable",
                set,
                examples,
                examined.rejected().size());
        return examined;
    }
}
