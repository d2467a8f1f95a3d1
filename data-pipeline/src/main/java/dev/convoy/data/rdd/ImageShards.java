package dev.convoy.data.rdd;

import dev.convoy.data.BadImageException;
import dev.convoy.data.ConvoyException;
import dev.convoy.data.ImageChunk;
import dev.convoy.data.ImageShape;
import dev.convoy.data.Normalization;
import dev.convoy.data.PixelStatistics;
import dev.convoy.data.RejectedImage;
import dev.convoy.data.SourceImage;
import dev.convoy.data.Target;
import dev.convoy.data.decode.ImageDecoder;
import dev.convoy.data.plan.WorkerLayout;
import dev.convoy.data.source.ImageListing;
import dev.convoy.data.source.ImageSplit;
import java.io.Closeable;
import java.io.IOException;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.Partitioner;
import org.apache.spark.api.java.JavaPairRDD;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.storage.StorageLevel;
import org.apache.spark.util.SerializableConfiguration;
import scala.Tuple2;

/**
 * A set of images laid out for training: partition {@code w} of {@link #chunks} holds the examples of worker {@code w},
 * ordered by id and cached. Close it to give the cache back.
 */
public final class ImageShards implements AutoCloseable {
    /** What to do with an image that cannot be decoded. One that does not fit the others fails in any case. */
    public enum OnBadImage {
        FAIL,
        SKIP
    }

    /** Where images are kept, and as what. */
    public enum Cache {
        /** Decoded, in memory, all of a worker's while it trains. */
        MEMORY(StorageLevel.MEMORY_AND_DISK(), ImageChunk.MAX_BYTES),
        /** Decoded, on disk, of which the operating system keeps in memory what it can; Java's heap holds a batch. */
        DISK(StorageLevel.DISK_ONLY(), Cache.SMALL),
        /** As image files, on disk likewise; decoded for every step. */
        ENCODED(StorageLevel.DISK_ONLY(), Cache.SMALL);

        /** Java's serialisation holds on to a hundred chunks. */
        private static final int SMALL = 1 << 19;

        private final StorageLevel level;
        private final int chunkBytes;

        Cache(StorageLevel level, int chunkBytes) {
            this.level = level;
            this.chunkBytes = chunkBytes;
        }
    }

    private final JavaRDD<ImageChunk> chunks;
    private final ShardOpener opener;
    private final WorkerLayout layout;
    private final ImageShape shape;
    private final List<String> classNames;
    private final List<ShardReport> reports;

    private ImageShards(
            JavaRDD<ImageChunk> chunks,
            ShardOpener opener,
            WorkerLayout layout,
            ImageShape shape,
            List<String> classNames,
            List<ShardReport> reports) {
        this.chunks = chunks;
        this.opener = opener;
        this.layout = layout;
        this.shape = shape;
        this.classNames = classNames;
        this.reports = reports;
    }

    /** The same, cached in memory. */
    public static ImageShards of(
            JavaSparkContext spark,
            ImageListing listing,
            ImageDecoder decoder,
            WorkerLayout layout,
            OnBadImage onBadImage) {
        return of(spark, listing, decoder, layout, onBadImage, Cache.MEMORY);
    }

    /**
     * Reads, decodes and deals a whole source, and caches the result. Two Spark stages.
     *
     * @param layout who owns what; images that it does not deal are left out
     * @throws ConvoyException if an image is bad under {@link OnBadImage#FAIL}, or if none is usable
     */
    public static ImageShards of(
            JavaSparkContext spark,
            ImageListing listing,
            ImageDecoder decoder,
            WorkerLayout layout,
            OnBadImage onBadImage,
            Cache cache) {
        boolean files = cache == Cache.ENCODED;
        ImageDecoder later = files ? decoder : null;
        JavaRDD<ImageChunk> chunks = decode(spark, listing, decoder, layout, onBadImage, files)
                .repartitionAndSortWithinPartitions(new WorkerPartitioner(layout), Comparator.naturalOrder())
                .mapPartitions(rows -> new ChunkIterator(decoder.shape(), cache.chunkBytes, files, rows))
                .persist(cache.level);
        try {
            int classes = listing.classNames().size();
            List<ShardReport> reports = chunks.mapPartitions(found -> ShardReport.of(found, classes, later))
                    .collect();
            ShardOpener opener = new ShardOpener(spark.sc().applicationId(), chunks.id(), cache, later);
            ImageShards shards =
                    new ImageShards(chunks, opener, layout, decoder.shape(), listing.classNames(), reports);
            if (shards.examples() == 0) {
                throw new ConvoyException("Cannot use " + listing.description() + ": all " + layout.examples()
                        + " images were rejected; the first because "
                        + shards.rejected().get(0).reason());
            }
            return shards;
        } catch (Exception e) {
            // Exception, since Spark's own are checked but not declared.
            chunks.unpersist(false);
            throw e;
        }
    }

    private static JavaPairRDD<Long, Row> decode(
            JavaSparkContext spark,
            ImageListing listing,
            ImageDecoder decoder,
            WorkerLayout layout,
            OnBadImage onBadImage,
            boolean files) {
        SerializableConfiguration hadoop = new SerializableConfiguration(spark.hadoopConfiguration());
        return spark.<ImageSplit>parallelize(
                        new ArrayList<>(listing.splits()), listing.splits().size())
                .flatMap(split -> ImageWatch.of(split.read(hadoop.value(), layout.dealer()::isDealt)))
                .mapToPair(image -> new Tuple2<>(image.id(), row(image, decoder, onBadImage, files)));
    }

    /** Decoded in any case, to see whether it can be. */
    private static Row row(SourceImage image, ImageDecoder decoder, OnBadImage onBadImage, boolean files) {
        try {
            byte[] pixels = decoder.decode(image.data());
            SourceImage.Data stored = image.data() instanceof SourceImage.Data.Encoded
                    ? image.data()
                    : new SourceImage.Data.Pixels(decoder.shape(), pixels);
            return new Row.Usable(new Target.ClassIndex(image.label()), files ? ImageDecoder.asFile(stored) : pixels);
        } catch (BadImageException e) {
            failUnlessSkipped(image, e, onBadImage);
            return new Row.Rejected(new RejectedImage(image.id(), image.name(), e.getMessage()));
        }
    }

    private static void failUnlessSkipped(SourceImage image, BadImageException reason, OnBadImage onBadImage) {
        String message = "Cannot use the image " + image.name() + ": " + reason.getMessage();
        if (reason.kind() == BadImageException.Kind.MISFIT) {
            throw new ConvoyException(message);
        }
        if (onBadImage == OnBadImage.FAIL) {
            throw new ConvoyException(message + "; mend or remove it, or set data.on-bad-image = skip");
        }
    }

    /**
     * The shape of the first image that can be decoded, for a source whose shape is not configured.
     *
     * @throws ConvoyException if no image can be decoded, or the first cannot under {@link OnBadImage#FAIL}
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
                        failUnlessSkipped(image, e, onBadImage);
                    }
                }
            }
        }
        throw new ConvoyException("Cannot use " + listing.description() + ": none of its images can be decoded");
    }

    /** One partition for each worker, in the order of their ranks. */
    public JavaRDD<ImageChunk> chunks() {
        return chunks;
    }

    /** Turns a partition's chunks into what batches are gathered from; goes with tasks. */
    public ShardOpener opener() {
        return opener;
    }

    public WorkerLayout layout() {
        return layout;
    }

    public ImageShape shape() {
        return shape;
    }

    /** In the order of the class indexes. */
    public List<String> classNames() {
        return classNames;
    }

    /** The number of usable images. */
    public long examples() {
        return reports.stream().mapToLong(ShardReport::examples).sum();
    }

    /** The number of usable images of each class, in the order of the class indexes. */
    public List<Long> perClass() {
        return IntStream.range(0, classNames.size())
                .mapToObj(c -> reports.stream()
                        .mapToLong(report -> report.perClass()[c])
                        .sum())
                .toList();
    }

    /** The images that were left out, by id. */
    public List<RejectedImage> rejected() {
        return reports.stream()
                .flatMap(report -> report.rejected().stream())
                .sorted(Comparator.comparingLong(RejectedImage::id))
                .toList();
    }

    /** The normalisation that these images call for. */
    public Normalization measuredNormalization() {
        return reports.stream()
                .map(ShardReport::statistics)
                .filter(Objects::nonNull)
                .reduce(PixelStatistics::plus)
                .orElseThrow()
                .normalization();
    }

    /** Drops the cached chunks. */
    @Override
    public void close() {
        chunks.unpersist(false);
        opener.close();
    }

    /** An image on its way to its worker. */
    sealed interface Row extends Serializable {
        /** A good one: its pixels, or its file. */
        record Usable(Target target, byte[] bytes) implements Row {}

        /** One that only its absence tells of. */
        record Rejected(RejectedImage image) implements Row {}
    }

    /** Sends every id to its owner. */
    private static final class WorkerPartitioner extends Partitioner {
        private static final long serialVersionUID = 1L;
        private final WorkerLayout layout;
        private transient WorkerLayout.Dealer dealer;

        WorkerPartitioner(WorkerLayout layout) {
            this.layout = layout;
        }

        @Override
        public int numPartitions() {
            return layout.workers();
        }

        @Override
        public int getPartition(Object id) {
            if (dealer == null) {
                dealer = layout.dealer();
            }
            return dealer.workerOf((Long) id);
        }
    }
}
