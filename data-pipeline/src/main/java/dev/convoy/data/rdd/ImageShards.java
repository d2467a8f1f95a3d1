package dev.convoy.data.rdd;

import dev.convoy.data.BadImageException;
import dev.convoy.data.ConvoyException;
import dev.convoy.data.ImageChunk;
import dev.convoy.data.ImageSetInfo;
import dev.convoy.data.ImageShape;
import dev.convoy.data.Normalization;
import dev.convoy.data.ObjectBytes;
import dev.convoy.data.PixelStatistics;
import dev.convoy.data.RejectedImage;
import dev.convoy.data.SourceImage;
import dev.convoy.data.decode.ImageDecoder;
import dev.convoy.data.plan.WorkerLayout;
import dev.convoy.data.source.ImageListing;
import dev.convoy.storage.Interruption;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.apache.spark.SparkEnv;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.storage.BlockManagerMaster;
import org.apache.spark.storage.RDDBlockId;
import org.apache.spark.storage.StorageLevel;
import scala.collection.JavaConverters;

/**
 * A set of images that is dealt to workers and cached: partition {@code w} of {@link #chunks} holds the images of
 * worker {@code w}, ordered by id. Whoever makes one closes it, which empties the cache.
 */
public final class ImageShards implements AutoCloseable {
    /** What becomes of images that cannot be decoded. One that does not fit the decoder's shape fails in any case. */
    public enum OnBadImage {
        /** The first one fails. */
        FAIL,
        /** They are left out and listed among the rejected. */
        SKIP;

        /**
         * Decides about an image that cannot be used.
         *
         * @throws UnusableImageException unless it may be left out
         */
        void judge(SourceImage image, BadImageException reason) {
            if (this == FAIL || reason.kind() != BadImageException.Kind.UNDECODABLE) {
                throw new UnusableImageException(image.name(), reason);
            }
        }
    }

    /** Where and as what executors keep images. */
    public enum Cache {
        /** Decoded images in memory; all images of a worker are there while it trains. */
        MEMORY(StorageLevel.MEMORY_AND_DISK(), ImageChunk.MAX_BYTES),
        /**
         * Decoded images on disk; the operating system keeps in memory what it has room for, and Java's heap holds a
         * batch.
         */
        DISK(StorageLevel.DISK_ONLY(), Cache.SMALL),
        /** Image files on disk, like decoded ones; they are decoded for every step. */
        ENCODED(StorageLevel.DISK_ONLY(), Cache.SMALL);

        /** The bytes of a chunk on disk: Java's serializer holds on to a hundred chunks while it writes or reads. */
        private static final int SMALL = 1 << 19;

        private final StorageLevel level;
        private final int chunkBytes;

        Cache(StorageLevel level, int chunkBytes) {
            this.level = level;
            this.chunkBytes = chunkBytes;
        }
    }

    /** Up to so many images are compared with each other: the driver holds eight bytes for each. */
    private static final long MAX_COMPARED = 1L << 22;

    private final JavaRDD<byte[]> chunks;
    private final ShardOpener opener;
    private final ShardSpec spec;
    private final ImageSetInfo info;
    private final List<ShardReport> reports;
    /** Hashes of the images' pixels, in their order; none if there are too many. */
    private final long[] pixels;

    private ImageShards(
            JavaRDD<byte[]> chunks, ShardOpener opener, ShardSpec spec, ImageSetInfo info, List<ShardReport> reports) {
        this.chunks = chunks;
        this.opener = opener;
        this.spec = spec;
        this.info = info;
        this.reports = reports.stream().map(ShardReport::withoutPixels).toList();
        this.pixels = reports.stream()
                .flatMapToLong(report -> LongStream.of(report.pixels()))
                .sorted()
                .toArray();
    }

    /**
     * Reads the images of a listing that are dealt, decodes and deals them, and caches the result, in two Spark stages.
     *
     * @param spec whose layout deals as many images as the listing has
     * @throws UnusableImageException as the cause of Spark's, if an image may not be left out
     * @throws ConvoyException if no image is usable
     */
    public static ImageShards of(JavaSparkContext spark, ImageListing listing, ShardSpec spec) {
        return of(ListedImages.of(spark, listing, () -> spec.layout().dealer()::isDealt), listing.info(), spec);
    }

    /**
     * Decodes and deals images, and caches the result, in two Spark stages, of which the first computes the images
     * once.
     *
     * @param images whose ids are 0 to {@code info.examples() - 1}, each once, in any order and in any partitions
     * @param info says what the images are
     * @param spec whose layout deals as many images as there are
     * @throws UnusableImageException as the cause of Spark's, if an image may not be left out
     * @throws ConvoyException if no image is usable; or, as the cause of Spark's, if an id or a class index is not as
     *     it should be
     */
    public static ImageShards of(JavaRDD<SourceImage> images, ImageSetInfo info, ShardSpec spec) {
        if (info.examples() != spec.layout().available()) {
            throw new IllegalArgumentException("Cannot deal " + info.examples() + " images by a layout of "
                    + spec.layout().available());
        }
        ImageDecoder decoder = spec.decoder();
        boolean files = spec.keepsFiles();
        int maxBytes = spec.cache().chunkBytes;
        JavaRDD<byte[]> chunks = DealtImages.of(images, info, spec)
                .mapPartitions(found -> new ChunkIterator(decoder.shape(), maxBytes, files, found))
                .persist(spec.cache().level);
        try {
            int classes = info.classNames().size();
            boolean compared = spec.layout().examples() <= MAX_COMPARED;
            List<ShardReport> reports = chunks
                    .mapPartitions(
                            found -> List.of(ObjectBytes.write(ShardReport.of(found, classes, decoder, compared)))
                                    .iterator())
                    .collect()
                    .stream()
                    .map(report -> ObjectBytes.read(report, ShardReport.class))
                    .toList();
            ShardOpener opener = new ShardOpener(chunks.context().applicationId(), chunks.id(), spec.cache(), decoder);
            ImageShards shards = new ImageShards(chunks, opener, spec, info, reports);
            shards.check();
            return shards;
        } catch (Exception e) {
            // Exception, since Spark's own are checked but not declared.
            chunks.unpersist(false);
            throw e;
        }
    }

    private void check() {
        long found = examples() + rejected().size();
        if (found != layout().examples()) {
            throw new ConvoyException("Cannot use " + info.description() + ": " + layout().examples()
                    + " of its images were to be dealt, but only " + found
                    + " are there; give ids from 0 without gaps");
        }
        if (examples() == 0) {
            throw new ConvoyException("Cannot use " + info.description() + ": all " + layout().examples()
                    + " images were rejected; the first because "
                    + rejected().get(0).reason());
        }
    }

    /**
     * The images as bytes that {@link ImageChunk} opens; one partition for each worker, in the order of their ranks.
     */
    public JavaRDD<byte[]> chunks() {
        return chunks;
    }

    /**
     * The executors that keep the chunks of each worker, by worker, as Spark writes places of partitions; none where
     * they were lost, until {@link #chunks} are computed again. Asks on the driver.
     */
    public List<List<String>> locations() {
        BlockManagerMaster master = SparkEnv.get().blockManager().master();
        return IntStream.range(0, layout().workers())
                .mapToObj(worker ->
                        JavaConverters.seqAsJavaList(master.getLocations(new RDDBlockId(chunks.id(), worker))))
                .map(keepers -> keepers.stream()
                        .map(keeper -> "executor_" + keeper.host() + "_" + keeper.executorId())
                        .sorted()
                        .toList())
                .toList();
    }

    /** Goes with tasks and turns a partition's chunks into what batches are gathered from. */
    public ShardOpener opener() {
        return opener;
    }

    /** Which worker owns which image. */
    public WorkerLayout layout() {
        return spec.layout();
    }

    /** The shape of every image. */
    public ImageShape shape() {
        return spec.decoder().shape();
    }

    /** The names of the classes, in the order of their indexes. */
    public List<String> classNames() {
        return info.classNames();
    }

    /** The number of usable images. */
    public long examples() {
        return reports.stream().mapToLong(ShardReport::examples).sum();
    }

    /**
     * The number of usable images of each class, by class index; those whose target is no class index are not counted.
     */
    public List<Long> perClass() {
        return IntStream.range(0, classNames().size())
                .mapToObj(c -> reports.stream()
                        .mapToLong(report -> report.perClass()[c])
                        .sum())
                .toList();
    }

    /** The images that cannot be used, in the order of their ids. */
    public List<RejectedImage> rejected() {
        return reports.stream()
                .flatMap(report -> report.rejected().stream())
                .sorted(Comparator.comparingLong(RejectedImage::id))
                .toList();
    }

    /**
     * A number that tells whether the usable images, their ids and their classes are the same as another time; it depends neither on
     * workers nor on partitions.
     */
    public long contentHash() {
        return reports.stream().mapToLong(ShardReport::content).sum();
    }

    /** The number of usable images whose pixels are those of another one that counts already; empty if there are too many to compare. */
    public OptionalLong copies() {
        return pixels.length == examples()
                ? OptionalLong.of(
                        pixels.length - LongStream.of(pixels).distinct().count())
                : OptionalLong.empty();
    }

    /** The number of usable images whose pixels another set has too; empty if there are too many to compare. */
    public OptionalLong shared(ImageShards other) {
        return pixels.length == examples() && other.pixels.length == other.examples()
                ? OptionalLong.of(LongStream.of(pixels)
                        .filter(image -> Arrays.binarySearch(other.pixels, image) >= 0)
                        .count())
                : OptionalLong.empty();
    }

    /** The normalisation that gives the pixels of all usable images mean 0 and deviation 1 in each channel. */
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
        try (Interruption pause = Interruption.outlast()) {
            chunks.unpersist(false);
        }
        opener.close();
    }
}
