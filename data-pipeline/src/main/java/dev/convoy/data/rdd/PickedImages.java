package dev.convoy.data.rdd;

import dev.convoy.data.ImageBatch;
import dev.convoy.data.ObjectBytes;
import java.io.Serializable;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.spark.api.java.function.Function2;

/** Brings single images of a cluster home. */
public final class PickedImages {
    private PickedImages() {}

    /**
     * An image in its place.
     *
     * @param worker whose it is
     * @param id of the example
     */
    public record Pick(int worker, long id) implements Serializable {}

    /**
     * Brings images home.
     *
     * @return by id, each a batch of its own
     */
    public static Map<Long, ImageBatch> of(ImageShards shards, List<Pick> picks) {
        if (picks.isEmpty()) {
            return Map.of();
        }
        Task task = new Task(shards.opener(), picks);
        return shards.chunks().mapPartitionsWithIndex(task, true).collect().stream()
                .map(bytes -> ObjectBytes.read(bytes, ImageBatch.class))
                .collect(Collectors.toMap(image -> image.ids()[0], Function.identity()));
    }

    private record Task(ShardOpener opener, List<Pick> picks)
            implements Function2<Integer, Iterator<byte[]>, Iterator<byte[]>> {
        @Override
        public Iterator<byte[]> call(Integer worker, Iterator<byte[]> chunks) {
            long[] ids = picks.stream()
                    .filter(pick -> pick.worker == worker)
                    .mapToLong(Pick::id)
                    .distinct()
                    .toArray();
            if (ids.length == 0) {
                return Collections.emptyIterator();
            }
            ImageBatch batch = opener.open(chunks).gather(ids);
            return IntStream.range(0, batch.size())
                    .mapToObj(row -> ObjectBytes.write(batch.rows(row)))
                    .iterator();
        }
    }
}
