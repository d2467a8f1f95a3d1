package dev.convoy.data.rdd;

import dev.convoy.data.ConvoyException;
import dev.convoy.data.ImageChunk;
import dev.convoy.data.ImageDecoder;
import dev.convoy.data.WorkerShard;
import java.io.IOException;
import java.io.Serializable;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.spark.SparkEnv;
import org.apache.spark.TaskContext;

/**
 * Makes a worker's shard of the chunks of its partition, on an executor. Those on disk are made once in a process and kept.
 *
 * @param application Spark's name of the application
 * @param rdd number of the chunks' RDD in it
 * @param decoder of cached image files; null where decoded images are cached
 */
public record ShardOpener(String application, int rdd, ImageShards.Cache cache, ImageDecoder decoder)
        implements Serializable {
    /** Images of these are in files without names, which go with the process if nobody closes them. */
    private static final Map<Key, WorkerShard> MAPPED = new ConcurrentHashMap<>();

    private record Key(ShardOpener opener, int partition) {}

    /**
     * The shard of the partition that the calling task computes.
     *
     * @param chunks of the partition; not touched if they have been mapped before
     * @throws ConvoyException if there is no space for them on disk
     */
    public WorkerShard open(Iterator<ImageChunk> chunks) {
        return cache == ImageShards.Cache.MEMORY
                ? WorkerShard.of(chunks, decoder)
                : MAPPED.computeIfAbsent(new Key(this, TaskContext.getPartitionId()), key -> map(chunks));
    }

    private WorkerShard map(Iterator<ImageChunk> chunks) {
        Path folder =
                SparkEnv.get().blockManager().diskBlockManager().localDirs()[0].toPath();
        try {
            return WorkerShard.mapped(chunks, decoder, folder);
        } catch (IOException e) {
            throw new ConvoyException(
                    "Cannot put images into " + folder + " for data.cache = "
                            + cache.name().toLowerCase(Locale.ROOT) + ": " + e.getMessage()
                            + "; make space, or point spark.local.dir elsewhere",
                    e);
        }
    }

    /** Lets go of what this process has mapped. */
    void close() {
        MAPPED.keySet().removeIf(key -> key.opener.equals(this));
    }
}
