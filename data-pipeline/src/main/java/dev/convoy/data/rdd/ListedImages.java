package dev.convoy.data.rdd;

import dev.convoy.data.BadImageException;
import dev.convoy.data.ConvoyException;
import dev.convoy.data.ImageShape;
import dev.convoy.data.ObjectBytes;
import dev.convoy.data.SourceImage;
import dev.convoy.data.decode.ImageDecoder;
import dev.convoy.data.rdd.ImageShards.OnBadImage;
import dev.convoy.data.source.ImageListing;
import dev.convoy.data.source.ImageSplit;
import java.io.Closeable;
import java.io.IOException;
import java.io.Serializable;
import java.util.Iterator;
import java.util.List;
import java.util.function.LongPredicate;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.util.SerializableConfiguration;
import org.apache.spark.util.TaskCompletionListener;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Reads the images of a listing: as an RDD whose partitions are the listing's splits, or the first one of them. */
public final class ListedImages {
    private static final Logger LOG = LoggerFactory.getLogger(ListedImages.class);

    private ListedImages() {}

    /** Says which images are read. It goes with tasks, and each makes a predicate of ids for itself. */
    @FunctionalInterface
    interface Choice extends Serializable {
        LongPredicate inTask();
    }

    /** All images of a listing, in the order in which its splits have them. */
    public static JavaRDD<SourceImage> of(JavaSparkContext spark, ImageListing listing) {
        return of(spark, listing, () -> id -> true);
    }

    /** Those images of a listing that are chosen; the files of others are not read. */
    static JavaRDD<SourceImage> of(JavaSparkContext spark, ImageListing listing, Choice choice) {
        SerializableConfiguration hadoop = new SerializableConfiguration(spark.hadoopConfiguration());
        return splits(spark, listing).flatMap(split -> read(split, hadoop.value(), choice.inTask()));
    }

    /** A listing's splits, one in each partition. */
    static JavaRDD<ImageSplit> splits(JavaSparkContext spark, ImageListing listing) {
        List<byte[]> splits = listing.splits().stream().map(ObjectBytes::write).toList();
        return spark.parallelize(splits, splits.size()).map(split -> ObjectBytes.read(split, ImageSplit.class));
    }

    /** Reads a split in a task; what is open is closed when the task ends, however it does. */
    static Iterator<SourceImage> read(ImageSplit split, Configuration hadoop, LongPredicate wanted) throws IOException {
        Iterator<SourceImage> images = split.read(hadoop, wanted);
        if (images instanceof Closeable open) {
            TaskContext.get().addTaskCompletionListener((TaskCompletionListener) task -> close(open));
        }
        return images;
    }

    private static void close(Closeable source) {
        try {
            source.close();
        } catch (IOException e) {
            LOG.debug("A source is left open", e);
        }
    }

    /**
     * The shape of the first image that can be decoded, for a source whose shape is not configured.
     *
     * @throws UnusableImageException if an image before it may not be left out
     * @throws ConvoyException if no image can be decoded
     */
    public static ImageShape firstShape(Configuration hadoop, ImageListing listing, OnBadImage onBadImage)
            throws IOException {
        for (ImageSplit split : listing.splits()) {
            Iterator<SourceImage> images = split.read(hadoop, id -> true);
            try (Closeable source = images instanceof Closeable open ? open : () -> {}) {
                while (images.hasNext()) {
                    SourceImage image = images.next();
                    try {
                        return ImageDecoder.shapeOf(image.data());
                    } catch (BadImageException e) {
                        onBadImage.judge(image, e);
                    }
                }
            }
        }
        throw new ConvoyException("Cannot use " + listing.description() + ": none of its images can be decoded");
    }
}
