package dev.convoy.data.rdd;

import dev.convoy.data.ImageBatch;
import dev.convoy.data.ImageChunk;
import dev.convoy.data.PixelStatistics;
import dev.convoy.data.RejectedImage;
import dev.convoy.data.decode.ImageDecoder;
import dev.convoy.data.plan.WorkerShard;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.stream.LongStream;

/**
 * What one partition of {@link ImageShards} holds.
 *
 * @param examples usable images
 * @param perClass usable images by class index; those whose target is none are not counted
 * @param statistics of all pixels; null without examples
 * @param rejected images that cannot be used
 * @param content the sum of {@link ImageHash#of} over the usable images, modulo 2^64
 * @param pixels {@link ImageHash#ofPixels} of each usable image; none if nobody asks for them
 */
record ShardReport(
        long examples,
        long[] perClass,
        PixelStatistics statistics,
        List<RejectedImage> rejected,
        long content,
        long[] pixels)
        implements Serializable {
    private static final int AT_ONCE = 64;

    /**
     * Looks at every image.
     *
     * @param chunks of {@link ImageChunk}, one at a time in memory
     * @param decoder of images that are files
     * @param pixels whether hashes of pixels are asked for
     */
    static ShardReport of(Iterator<byte[]> chunks, int classes, ImageDecoder decoder, boolean pixels) {
        LongStream.Builder hashes = LongStream.builder();
        long examples = 0;
        long[] perClass = new long[classes];
        Optional<PixelStatistics> statistics = Optional.empty();
        long content = 0;
        List<RejectedImage> rejected = new ArrayList<>();
        while (chunks.hasNext()) {
            byte[] bytes = chunks.next();
            ImageChunk chunk = new ImageChunk(bytes);
            examples += chunk.size();
            for (int row = 0; row < chunk.size(); row++) {
                if (chunk.classIndex(row) >= 0) {
                    perClass[chunk.classIndex(row)]++;
                }
            }
            WorkerShard shard = WorkerShard.of(List.of(bytes)).withDecoder(decoder);
            for (long[] ids : shard.batches(AT_ONCE)) {
                ImageBatch images = shard.gather(ids);
                PixelStatistics more = PixelStatistics.of(images);
                statistics = Optional.of(statistics.map(more::plus).orElse(more));
                for (int i = 0; i < images.size(); i++) {
                    long hash = ImageHash.ofPixels(images, i);
                    content += ImageHash.of(images, i, hash);
                    if (pixels) {
                        hashes.add(hash);
                    }
                }
            }
            rejected.addAll(chunk.rejected());
        }
        return new ShardReport(
                examples,
                perClass,
                statistics.orElse(null),
                rejected,
                content,
                hashes.build().toArray());
    }

    ShardReport withoutPixels() {
        return new ShardReport(examples, perClass, statistics, rejected, content, new long[0]);
    }
}
