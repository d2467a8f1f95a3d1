package dev.convoy.data.rdd;

import dev.convoy.data.ImageBatch;
import dev.convoy.data.ObjectBytes;
import dev.convoy.data.plan.WorkerShard;
import java.io.Serializable;
import java.util.Arrays;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.api.java.function.FlatMapFunction;
import org.apache.spark.broadcast.Broadcast;

/** Finds, for some images, the one of a class that is most like each: with the least sum of squared differences of pixels. */
public final class NearestImages {
    /** Images that are compared at a time. */
    private static final int BATCH = 256;

    private NearestImages() {}

    /**
     * What was found for an image.
     *
     * @param distance Euclidean, in grey levels over all values
     */
    public record Found(PickedImages.Pick pick, double distance) implements Serializable {
        private Found nearer(Found other) {
            boolean first = distance < other.distance || distance == other.distance && pick.id() < other.pick.id();
            return first ? this : other;
        }
    }

    /**
     * Looks for the nearest ones.
     *
     * @param images in the shape of the shards'
     * @param classes of which images are looked at, for each of {@code images}
     * @param max images of each worker and class that are looked at, spread over all of them
     * @return one for each image; empty if its class has none
     */
    public static List<Optional<Found>> of(
            JavaSparkContext spark, ImageShards shards, ImageBatch images, int[] classes, int max) {
        Broadcast<byte[]> sent = spark.broadcast(ObjectBytes.write(images));
        try {
            Found[] best = new Found[images.size()];
            for (byte[] bytes : shards.chunks()
                    .mapPartitions(new Task(shards.opener(), sent, classes, max))
                    .collect()) {
                Found[] found = ObjectBytes.read(bytes, Found[].class);
                Arrays.setAll(
                        best, i -> best[i] == null ? found[i] : found[i] == null ? best[i] : best[i].nearer(found[i]));
            }
            return Arrays.stream(best).map(Optional::ofNullable).toList();
        } finally {
            Broadcasts.destroy(sent);
        }
    }

    private record Task(ShardOpener opener, Broadcast<byte[]> images, int[] classes, int max)
            implements FlatMapFunction<Iterator<byte[]>, byte[]> {
        @Override
        public Iterator<byte[]> call(Iterator<byte[]> chunks) {
            if (!chunks.hasNext()) {
                return Collections.emptyIterator();
            }
            ImageBatch wanted = ObjectBytes.read(images.value(), ImageBatch.class);
            WorkerShard shard = opener.open(chunks);
            Found[] best = new Found[wanted.size()];
            for (int c : IntStream.of(classes).distinct().toArray()) {
                long[] ids = shard.idsOfClass(c, max);
                for (int from = 0; from < ids.length; from += BATCH) {
                    compare(
                            wanted,
                            c,
                            shard.gather(Arrays.copyOfRange(ids, from, Math.min(ids.length, from + BATCH))),
                            best);
                }
            }
            return List.of(ObjectBytes.write(best)).iterator();
        }

        private void compare(ImageBatch wanted, int classIndex, ImageBatch batch, Found[] best) {
            for (int row = 0; row < batch.size(); row++) {
                for (int i = 0; i < best.length; i++) {
                    if (classes[i] == classIndex) {
                        Found found = new Found(
                                new PickedImages.Pick(TaskContext.getPartitionId(), batch.ids()[row]),
                                distance(wanted, i, batch, row));
                        best[i] = best[i] == null ? found : best[i].nearer(found);
                    }
                }
            }
        }

        private static double distance(ImageBatch a, int i, ImageBatch b, int j) {
            int size = a.shape().size();
            long sum = 0;
            for (int k = 0; k < size; k++) {
                int difference = (a.pixels()[i * size + k] & 0xFF) - (b.pixels()[j * size + k] & 0xFF);
                sum += (long) difference * difference;
            }
            return Math.sqrt(sum);
        }
    }
}
