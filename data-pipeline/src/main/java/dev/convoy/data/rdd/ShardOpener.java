package dev.convoy.data.rdd;

import dev.convoy.data.ConvoyException;
import dev.convoy.data.decode.ImageDecoder;
import dev.convoy.data.plan.WorkerShard;
import java.io.IOException;
import java.io.Serializable;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.spark.SparkEnv;
import org.apache.spark.TaskContext;
import org.apache.spark.storage.BlockManager;
import org.apache.spark.storage.BlockResult;
import org.apache.spark.storage.RDDBlockId;
import scala.Option;
import scala.collection.JavaConverters;
import scala.reflect.ClassTag;
import scala.reflect.ClassTag$;

/**
 * Makes a worker's shard of the chunks of its partition, on an executor. A shard of images on disk is made once in a
 * process and kept.
 *
 * @param application Spark's id of the application
 * @param rdd Spark's id of the RDD of chunks in the application
 * @param cache says what the chunks hold, and where
 * @param decoder of image files, if they hold these
 */
public record ShardOpener(String application, int rdd, ImageShards.Cache cache, ImageDecoder decoder)
        implements Serializable {
    /** The shards of images on disk. Their files have no names, and go with the process if nobody closes them. */
    private static final Map<Key, WorkerShard> MAPPED = new ConcurrentHashMap<>();

    /** What Spark knows of the elements of an RDD that was made by its Java API; by it the blocks' serializer is chosen. */
    private static final ClassTag<Object> ELEMENTS = ClassTag$.MODULE$.AnyRef();

    private record Key(ShardOpener opener, int worker) {}

    /**
     * Opens the shard of the partition that the calling task computes.
     *
     * @param chunks of the partition ({@link ImageShards#chunks}); not touched if they have been mapped before
     * @throws ConvoyException if there is no space for them on disk
     */
    public WorkerShard open(Iterator<byte[]> chunks) {
        return open(TaskContext.getPartitionId(), chunks);
    }

    /**
     * Opens the shard of a worker whose chunks some executor keeps, in a task of any stage. Should nobody keep them,
     * they are not made again: a stage that does not come from them could not be told of files that are lost as well.
     *
     * @return empty if nobody keeps them, since they went with their executor
     * @throws ConvoyException if there is no space for them on disk
     */
    public Optional<WorkerShard> openCached(int worker) {
        WorkerShard open = MAPPED.get(new Key(this, worker));
        if (open != null) {
            return Optional.of(open);
        }
        Option<BlockResult> kept = SparkEnv.get().blockManager().get(new RDDBlockId(rdd, worker), ELEMENTS);
        return kept.isEmpty()
                ? Optional.empty()
                : Optional.of(open(
                        worker, bytes(JavaConverters.asJavaIterator(kept.get().data()))));
    }

    private static Iterator<byte[]> bytes(Iterator<?> elements) {
        return new Iterator<>() {
            @Override
            public boolean hasNext() {
                return elements.hasNext();
            }

            @Override
            public byte[] next() {
                return (byte[]) elements.next();
            }
        };
    }

    private WorkerShard open(int worker, Iterator<byte[]> chunks) {
        if (cache == ImageShards.Cache.MEMORY) {
            return WorkerShard.of(chunks);
        }
        Key key = new Key(this, worker);
        // Shards are opened side by side; should one be opened twice, the second is dropped.
        WorkerShard open = MAPPED.get(key);
        if (open == null) {
            sweep();
            open = map(chunks);
            WorkerShard other = MAPPED.putIfAbsent(key, open);
            open = other == null ? open : other;
        }
        return open;
    }

    /** Drops shards whose chunks the driver has dropped; the block manager is the only one that it tells. */
    private static void sweep() {
        BlockManager blocks = SparkEnv.get().blockManager();
        MAPPED.keySet().removeIf(key -> blocks.getStatus(new RDDBlockId(key.opener.rdd, key.worker))
                .isEmpty());
    }

    private WorkerShard map(Iterator<byte[]> chunks) {
        Path folder =
                SparkEnv.get().blockManager().diskBlockManager().localDirs()[0].toPath();
        try {
            return WorkerShard.mapped(chunks, folder).withDecoder(decoder);
        } catch (IOException e) {
            throw new ConvoyException(
                    "Cannot put images into " + folder + ": " + e.getMessage()
                            + "; make space, or point spark.local.dir elsewhere",
                    e);
        }
    }

    /** Drops the shards that this opener has mapped in this process. */
    void close() {
        MAPPED.keySet().removeIf(key -> key.opener.equals(this));
    }
}
