package dev.convoy.data.rdd;

import dev.convoy.data.ImageChunk;
import dev.convoy.data.PixelStatistics;
import dev.convoy.data.RejectedImage;
import dev.convoy.data.Target;
import dev.convoy.data.decode.ImageDecoder;
import dev.convoy.data.plan.WorkerShard;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * What one partition of {@link ImageShards} holds.
 *
 * @param statistics null without examples
 */
record ShardReport(long examples, long[] perClass, PixelStatistics statistics, List<RejectedImage> rejected)
        implements Serializable {
    private static final int AT_ONCE = 64;

    static Iterator<ShardReport> of(Iterator<ImageChunk> chunks, int classes, ImageDecoder decoder) {
        long examples = 0;
        long[] perClass = new long[classes];
        Optional<PixelStatistics> statistics = Optional.empty();
        List<RejectedImage> rejected = new ArrayList<>();
        while (chunks.hasNext()) {
            ImageChunk chunk = chunks.next();
            examples += chunk.size();
            for (Target target : chunk.targets()) {
                perClass[((Target.ClassIndex) target).index()]++;
            }
            WorkerShard shard = new WorkerShard(List.of(chunk), decoder);
            statistics = Stream.concat(
                            statistics.stream(),
                            shard.batches(AT_ONCE).stream().map(shard::gather).map(PixelStatistics::of))
                    .reduce(PixelStatistics::plus);
            rejected.addAll(chunk.rejected());
        }
        return List.of(new ShardReport(examples, perClass, statistics.orElse(null), rejected))
                .iterator();
    }
}
