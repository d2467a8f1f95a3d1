package dev.convoy.data.augment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.convoy.data.ConvoyException;
import dev.convoy.data.ImageBatch;
import dev.convoy.data.ImageChunkBuilder;
import dev.convoy.data.ImageShape;
import dev.convoy.data.SourceImage;
import dev.convoy.data.Target;
import dev.convoy.data.augment.GeometricTransform.Flip;
import dev.convoy.data.augment.GeometricTransform.ResizedCrop;
import dev.convoy.data.augment.GeometricTransform.ResizedCrop.From;
import dev.convoy.data.augment.PixelTransform.ColourJitter;
import dev.convoy.data.decode.ImageDecoder;
import dev.convoy.data.decode.ImageDecoder.Colours;
import dev.convoy.data.decode.ImageDecoder.Sizes;
import dev.convoy.data.plan.WorkerShard;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalLong;
import java.util.function.IntBinaryOperator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Crops that are taken while files are decoded. */
class OriginalCropTest {
    private static final ImageShape SHAPE = new ImageShape(1, 64, 64);
    private static final ImageDecoder DECODER = new ImageDecoder(SHAPE, Sizes.STRETCH, Colours.TO_GREY);
    private static final ResizedCrop CROP = new ResizedCrop().withFrom(From.ORIGINAL);

    private static byte[] file(int side, IntBinaryOperator pixel) throws Exception {
        byte[] pixels = new byte[side * side];
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] = (byte) pixel.applyAsInt(i / side, i % side);
        }
        return ImageDecoder.asFile(new SourceImage.Data.Pixels(new ImageShape(1, side, side), pixels));
    }

    /** One chunk for each list of ids. */
    private static WorkerShard shard(byte[] file, long[]... chunks) {
        List<byte[]> made = Arrays.stream(chunks)
                .map(ids -> {
                    ImageChunkBuilder chunk = new ImageChunkBuilder(SHAPE, true);
                    for (long id : ids) {
                        chunk.add(id, new Target.ClassIndex(0), file);
                    }
                    return chunk.build();
                })
                .toList();
        return WorkerShard.of(made).withDecoder(DECODER);
    }

    private static ImageBatch gather(ImageTransform transform, WorkerShard shard, int epoch, long... ids) {
        return new Augmentation(List.of(transform)).gather(shard, ids, 1, epoch, OptionalLong.empty());
    }

    /** Whatever the size of the original, for which the numbers drawn are the same. */
    @Test
    void itShowsTheSamePartAsOneOfTheResizedImage() throws Exception {
        for (int scale : new int[] {1, 2, 5}) {
            int side = 64 * scale;
            WorkerShard shard = shard(file(side, (y, x) -> (100 * y + 150 * x) / side), new long[] {7});
            for (int epoch = 0; epoch < 20; epoch++) {
                byte[] sharp = gather(CROP, shard, epoch, 7).pixels();
                byte[] resized =
                        gather(CROP.withFrom(From.RESIZED), shard, epoch, 7).pixels();
                // Half a pixel of a small image is two grey levels.
                double difference = IntStream.range(0, sharp.length)
                        .map(i -> Math.abs((sharp[i] & 0xFF) - (resized[i] & 0xFF)))
                        .average()
                        .orElseThrow();
                assertThat(difference).as("scale %s, epoch %s", scale, epoch).isLessThan(3);
            }
        }
    }

    @Test
    void itKeepsDetailsThatResizingLoses() throws Exception {
        WorkerShard stripes = shard(file(512, (y, x) -> x / 4 % 2 * 255), new long[] {7});
        ResizedCrop eighth = CROP.withArea(1.0 / 64, 1.0 / 64).withRatio(1, 1);
        for (byte pixel : gather(eighth.withFrom(From.RESIZED), stripes, 0, 7).pixels()) {
            assertThat(pixel & 0xFF).isBetween(120, 135);
        }
        byte[] sharp = gather(eighth, stripes, 0, 7).pixels();
        for (int i = 0; i < 60; i++) {
            assertThat(Math.abs((sharp[i] & 0xFF) - (sharp[i + 4] & 0xFF))).isEqualTo(255);
        }
    }

    @Test
    void anImageDependsNeitherOnItsBatchNorOnItsShard() throws Exception {
        byte[] file = file(100, (y, x) -> y * x % 251);
        Augmentation all = new Augmentation(List.of(CROP, new Flip(), new ColourJitter().withBrightness(0.4)));
        OptionalLong once = OptionalLong.empty();
        WorkerShard together = shard(file, new long[] {3, 5, 8});
        ImageBatch batch = all.gather(together, new long[] {8, 3, 5}, 1, 2, once);
        WorkerShard apart = shard(file, new long[] {1, 3}, new long[] {5});
        assertThat(all.gather(apart, new long[] {3}, 1, 2, once).pixels())
                .isEqualTo(batch.rows(1).pixels());
        assertThat(batch.rows(0).pixels()).isNotEqualTo(batch.rows(1).pixels());
        assertThat(all.gather(apart, new long[] {3}, 1, 3, once).pixels())
                .isNotEqualTo(batch.rows(1).pixels());
        // Where an image may come again, it is another one each time.
        ImageBatch twice = all.gather(apart, new long[] {3, 3}, 1, 2, OptionalLong.of(10));
        assertThat(twice.rows(0).pixels()).isNotEqualTo(twice.rows(1).pixels());
        assertThat(all.gather(together, new long[] {3}, 1, 2, OptionalLong.of(11))
                        .pixels())
                .isEqualTo(twice.rows(1).pixels());
    }

    @Test
    void itNeedsFilesAndComesFirst() {
        byte[] chunk = new ImageChunkBuilder(SHAPE, false)
                .add(7, new Target.ClassIndex(0), new byte[SHAPE.size()])
                .build();
        WorkerShard resized = WorkerShard.of(List.of(chunk));
        assertThatThrownBy(() -> gather(CROP, resized, 0, 7))
                .isInstanceOf(ConvoyException.class)
                .hasMessageContaining("set data.cache = encoded");
        assertThatThrownBy(() -> new Augmentation(List.of(new Flip(), CROP)))
                .isInstanceOf(ConvoyException.class)
                .hasMessageContaining("from originals must come first");
    }
}
