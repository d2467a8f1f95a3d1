package dev.convoy.data.rdd;

import dev.convoy.data.BadImageException;
import dev.convoy.data.ConvoyException;
import dev.convoy.data.CounterRandom;
import dev.convoy.data.ImageShape;
import dev.convoy.data.SourceImage;
import dev.convoy.data.decode.ImageDecoder;
import dev.convoy.data.plan.Permutation;
import dev.convoy.data.source.DatasetManifest;
import dev.convoy.data.source.ImageListing;
import dev.convoy.data.source.ImageSplit;
import dev.convoy.data.source.ShardWriter;
import java.io.IOException;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.LongStream;
import org.apache.spark.Partitioner;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.util.SerializableConfiguration;
import scala.Tuple2;

/**
 * Writes some of a source's images as shards of even size, in a random order that the seed decides. Two Spark stages.
 *
 * @param set the folder's name under the target
 * @param decoder what images are brought to before they are stored, uncompressed; empty to store them as they are
 */
public record ShardedCopy(String target, String set, long seed, int shards, Optional<ImageDecoder> decoder) {
    /**
     * Who becomes what; indexed by the source's ids.
     *
     * @param ids new ids from 0 without gaps; -1 for images that are left out
     * @param shapes of the images that are not
     */
    public record Selection(long[] ids, ImageShape[] shapes) implements Serializable {
        long images() {
            return LongStream.of(ids).filter(id -> id >= 0).count();
        }
    }

    private record Row(long id, String name, int label, ImageShape shape, byte[] image) implements Serializable {}

    /** Writes them. */
    public List<DatasetManifest.Shard> write(JavaSparkContext spark, ImageListing listing, Selection selection) {
        SerializableConfiguration hadoop = new SerializableConfiguration(spark.hadoopConfiguration());
        Broadcast<Selection> chosen = spark.broadcast(selection);
        Order order = new Order(seed, selection.images(), shards);
        ImageDecoder wanted = decoder.orElse(null);
        List<String> classNames = listing.classNames();
        String folder = target;
        String name = set;
        try {
            return spark.<ImageSplit>parallelize(
                            new ArrayList<>(listing.splits()), listing.splits().size())
                    .flatMap(
                            split -> ImageWatch.of(split.read(hadoop.value(), id -> chosen.value().ids[(int) id] >= 0)))
                    .mapToPair(image -> {
                        Row row = row(image, chosen.value(), wanted);
                        return new Tuple2<>(order.positionOf(row.id), row);
                    })
                    .repartitionAndSortWithinPartitions(order, Comparator.naturalOrder())
                    .mapPartitions(rows -> List.of(shard(folder, name, classNames, hadoop, rows))
                            .iterator())
                    .collect();
        } finally {
            chosen.destroy();
        }
    }

    private static Row row(SourceImage image, Selection chosen, ImageDecoder decoder) {
        ImageShape shape = chosen.shapes[(int) image.id()];
        try {
            byte[] bytes = decoder == null ? ImageDecoder.asFile(image.data()) : decoder.asBitmap(image.data());
            return new Row(
                    chosen.ids[(int) image.id()],
                    image.name(),
                    image.label(),
                    decoder == null ? shape : decoder.shape(),
                    bytes);
        } catch (BadImageException e) {
            throw new ConvoyException(
                    "Cannot use the image " + image.name() + ", which was good a moment ago: " + e.getMessage(), e);
        }
    }

    private static DatasetManifest.Shard shard(
            String folder,
            String set,
            List<String> classNames,
            SerializableConfiguration hadoop,
            Iterator<Tuple2<Long, Row>> rows)
            throws IOException {
        TaskContext task = TaskContext.get();
        String file = String.format(Locale.ROOT, "%s/part-%05d.parquet", set, task.partitionId());
        try (ShardWriter writer = new ShardWriter(hadoop.value(), folder, set, file, task.taskAttemptId())) {
            while (rows.hasNext()) {
                Row row = rows.next()._2();
                writer.write(row.id, row.name, classNames.get(row.label), row.shape, row.image);
            }
            return writer.finish();
        }
    }

    /** Shuffles ids and cuts their order into even pieces. */
    private static final class Order extends Partitioner {
        private static final long serialVersionUID = 1L;
        private final long seed;
        private final long images;
        private final int shards;
        private transient Permutation permutation;

        Order(long seed, long images, int shards) {
            this.seed = seed;
            this.images = images;
            this.shards = shards;
        }

        long positionOf(long id) {
            if (permutation == null) {
                permutation = new Permutation(images, CounterRandom.of(seed, CounterRandom.Purpose.SHARDS, images));
            }
            return permutation.apply(id);
        }

        @Override
        public int numPartitions() {
            return shards;
        }

        @Override
        public int getPartition(Object position) {
            return (int) ((Long) position * shards / images);
        }
    }
}
