package dev.convoy.data.rdd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.convoy.data.ImageBatch;
import dev.convoy.data.ImageChunk;
import dev.convoy.data.ImageChunkBuilder;
import dev.convoy.data.ImageShape;
import dev.convoy.data.RejectedImage;
import dev.convoy.data.Target;
import dev.convoy.data.plan.WorkerShard;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import scala.Tuple2;

class ChunkIteratorTest {
    /** Eight of them fill a chunk. */
    private static final ImageShape LARGE = new ImageShape(1, 2048, 4096);

    private static Tuple2<Long, byte[]> image(ImageShape shape, int id) {
        byte[] pixels = new byte[shape.size()];
        Arrays.fill(pixels, (byte) id);
        return new Tuple2<>(
                (long) id,
                new ImageChunkBuilder(shape, false)
                        .add(id, new Target.ClassIndex(id), pixels)
                        .build());
    }

    private static Tuple2<Long, byte[]> reject(int id) {
        RejectedImage image = new RejectedImage(id, "image " + id, "as a test");
        return new Tuple2<>(
                (long) id,
                new ImageChunkBuilder(new ImageShape(1, 1, 1), false)
                        .reject(image)
                        .build());
    }

    private static List<byte[]> chunks(ImageShape shape, int bytes, List<Tuple2<Long, byte[]>> images) {
        List<byte[]> chunks = new ArrayList<>();
        new ChunkIterator(shape, bytes, false, images.iterator()).forEachRemaining(chunks::add);
        return chunks;
    }

    @Test
    void chunksHoldAtMost64MiB() {
        List<Tuple2<Long, byte[]>> rows = new ArrayList<>();
        for (int id = 0; id < 10; id++) {
            rows.add(image(LARGE, id));
        }
        List<byte[]> chunks = chunks(LARGE, ImageChunk.MAX_BYTES, rows);
        assertThat(chunks.stream().map(ImageChunk::new).map(ImageChunk::size)).containsExactly(8, 2);
        assertThat(chunks.stream().map(ImageChunk::new))
                .allMatch(chunk -> chunk.images().remaining() <= ImageChunk.MAX_BYTES);
        ImageBatch batch = WorkerShard.of(chunks).gather(new long[] {9, 7});
        assertThat(batch.targets()).containsExactly(new Target.ClassIndex(9), new Target.ClassIndex(7));
        assertThat(batch.pixels()[0]).isEqualTo((byte) 9);
        assertThat(batch.pixels()[LARGE.size()]).isEqualTo((byte) 7);
    }

    /** In one chunk, and in chunks of one image, of which some have none. */
    @ParameterizedTest
    @ValueSource(ints = {1, 1000})
    void rejectedImagesAreLeftOutAndStrangersAreNot(int chunkBytes, @TempDir Path folder) throws IOException {
        ImageShape small = new ImageShape(1, 1, 1);
        List<byte[]> chunks =
                chunks(small, chunkBytes, List.of(reject(2), image(small, 4), reject(6), image(small, 8)));
        checkRejected(WorkerShard.of(chunks));
        checkRejected(WorkerShard.mapped(chunks.iterator(), folder));
        assertThat(folder).as("its file has no name any more").isEmptyDirectory();
        WorkerShard nothing = WorkerShard.of(chunks(small, chunkBytes, List.of(reject(1))));
        assertThat(nothing.gather(new long[] {1}).size()).isZero();
        assertThat(nothing.batches(4)).isEmpty();
    }

    private static void checkRejected(WorkerShard shard) {
        assertThat(shard.gather(new long[] {8, 6, 4, 2}).ids()).containsExactly(8, 4);
        assertThat(shard.gather(new long[] {8, 4}).pixels()).containsExactly(8, 4);
        assertThat(shard.batches(1)).hasSize(2);
        assertThatThrownBy(() -> shard.gather(new long[] {5})).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> shard.gather(new long[] {9})).isInstanceOf(IllegalStateException.class);
    }
}
