package dev.convoy.data.rdd;

import dev.convoy.data.BadImageException;
import dev.convoy.data.CounterRandom;
import dev.convoy.data.ImageShape;
import dev.convoy.data.ObjectBytes;
import dev.convoy.data.SourceImage;
import dev.convoy.data.decode.ImageDecoder;
import dev.convoy.data.plan.Permutation;
import dev.convoy.data.source.DatasetManifest;
import dev.convoy.data.source.ImageListing;
import dev.convoy.data.source.ShardWriter;
import java.io.IOException;
import java.io.Serializable;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.apache.spark.Partitioner;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.util.SerializableConfiguration;
import scala.Tuple2;

/**
 * Writes some of a source's images as shards of even size, in a random order that the seed decides. Two Spark stages.
 *
 * @param target the folder under which the set's folder is made
 * @param set the folder's name under the target
 * @param seed of the order
 * @param shards how many are written, at least 1 and at most as many as there are images
 * @param decoder brings images to one shape before they are stored, uncompressed; empty to store them as they are
 */
public record ShardedCopy(String target, String set, long seed, int shards, Optional<ImageDecoder> decoder) {
    private record Row(long id, String name, int label, ImageShape shape, byte[] image) implements Serializable {}

    /**
     * Writes the images that are selected.
     *
     * @return what each shard holds
     * @throws UnusableImageException as the cause of Spark's, if an image does not fit the decoder
     */
    public List<DatasetManifest.Shard> write(JavaSparkContext spark, ImageListing listing, CopySelection selection) {
        SerializableConfiguration hadoop = new SerializableConfiguration(spark.hadoopConfiguration());
        Broadcast<byte[]> selected = spark.broadcast(selection.bytes());
        Order order = new Order(seed, selection.images(), shards);
        ImageDecoder wanted = decoder.orElse(null);
        List<String> classNames = listing.classNames();
        String folder = target;
        String name = set;
        try {
            return ListedImages.of(spark, listing, () -> CopySelection.of(selected.value())::contains)
                    .mapPartitions(ImageWatch::of)
                    .mapToPair(image -> {
                        Row row = row(image, CopySelection.of(selected.value()), wanted);
                        return new Tuple2<>(order.positionOf(row.id), ObjectBytes.write(row));
                    })
                    .repartitionAndSortWithinPartitions(order, Comparator.naturalOrder())
                    .mapPartitions(rows -> List.of(ObjectBytes.write(shard(folder, name, classNames, hadoop, rows)))
                            .iterator())
                    .collect()
                    .stream()
                    .map(shard -> ObjectBytes.read(shard, DatasetManifest.Shard.class))
                    .toList();
        } finally {
            Broadcasts.destroy(selected);
        }
    }

    private static Row row(SourceImage image, CopySelection selection, ImageDecoder decoder) {
        try {
            return new Row(
                    selection.newId(image.id()),
                    image.name(),
                    image.label(),
                    decoder == null ? selection.shape(image.id()) : decoder.shape(),
                    decoder == null ? ImageDecoder.asFile(image.data()) : decoder.asBitmap(image.data()));
        } catch (BadImageException e) {
            throw new UnusableImageException(image.name(), e);
        }
    }

    private static DatasetManifest.Shard shard(
            String folder,
            String set,
            List<String> classNames,
            SerializableConfiguration hadoop,
            Iterator<Tuple2<Long, byte[]>> rows)
            throws IOException {
        TaskContext task = TaskContext.get();
        String file = String.format(Locale.ROOT, "%s/part-%05d.parquet", set, task.partitionId());
        try (ShardWriter writer = new ShardWriter(hadoop.value(), folder, set, file, task.taskAttemptId())) {
            while (rows.hasNext()) {
                Row row = ObjectBytes.read(rows.next()._2(), Row.class);
                writer.write(row.id, row.name, classNames.get(row.label), row.shape, row.image);
            }
            return writer.finish();
        }
    }

    /** Shuffles new ids, and sends each image to the shard that holds its position in that order. */
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
