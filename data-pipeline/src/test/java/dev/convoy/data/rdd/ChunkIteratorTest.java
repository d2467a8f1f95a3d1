package dev.convoy.data.rdd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.convoy.data.ImageBatch;
import dev.convoy.data.ImageChunk;
import dev.convoy.data.ImageShape;
import dev.convoy.data.RejectedImage;
import dev.convoy.data.Target;
import dev.convoy.data.WorkerShard;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import org.junit.jupiter.api.Test;
import scala.Tuple2;

class ChunkIteratorTest {
    /** Eight of them fill a chunk. */
    private static final ImageShape LARGE = new ImageShape(1, 2048, 4096);

    private static Tuple2<Long, ImageShards.Row> image(ImageShape shape, int id) {
        byte[] pixels = new byte[shape.size()];
        Arrays.fill(pixels, (byte) id);
        return new Tuple2<>((long) id, new ImageShards.Row.Usable(new Target.ClassIndex(id), pixels));
    }

    private static Tuple2<Long, ImageShards.Row> reject(int id) {
        return new Tuple2<>((long) id, new ImageShards.Row.Rejected(new RejectedImage(id, "image " + id, "as a test")));
    }

    private static List<ImageChunk> chunks(ImageShape shape, List<Tuple2<Long, ImageShards.Row>> rows) {
        List<ImageChunk> chunks = new ArrayList<>();
        Iterator<ImageChunk> iterator = new ChunkIterator(shape, rows.iterator());
        iterator.forEachRemaining(chunks::add);
        return chunks;
    }

    @Test
    void chunksHoldAtMost64MiB() {
        List<Tuple2<Long, ImageShards.Row>> rows = new ArrayList<>();
        for (int id = 0; id < 10; id++) {
            rows.add(image(LARGE, id));
        }
        List<ImageChunk> chunks = chunks(LARGE, rows);
        assertThat(chunks.stream().map(ImageChunk::size)).containsExactly(8, 2);
        assertThat(chunks).allMatch(chunk -> chunk.pixels().length <= ImageChunk.MAX_BYTES);
        ImageBatch batch = new WorkerShard(chunks).gather(new long[] {9, 7});
        assertThat(batch.targets()).containsExactly(new Target.ClassIndex(9), new Target.ClassIndex(7));
        assertThat(batch.pixels()[0]).isEqualTo((byte) 9);
        assertThat(batch.pixels()[LARGE.size()]).isEqualTo((byte) 7);
    }

    @Test
    void rejectedImagesAreLeftOutAndStrangersAreNot() {
        ImageShape small = new ImageShape(1, 1, 1);
        List<ImageChunk> chunks = chunks(small, List.of(reject(2), image(small, 4), reject(6), image(small, 8)));
        WorkerShard shard = new WorkerShard(chunks);
        assertThat(shard.gather(new long[] {8, 6, 4, 2}).ids()).containsExactly(8, 4);
        assertThat(shard.batches(1)).hasSize(2);
        assertThatThrownBy(() -> shard.gather(new long[] {5})).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> shard.gather(new long[] {9})).isInstanceOf(IllegalStateException.class);
        WorkerShard nothing = new WorkerShard(chunks(small, List.of(reject(1))));
        assertThat(nothing.gather(new long[] {1}).size()).isZero();
        assertThat(nothing.batches(4)).isEmpty();
    }
}
