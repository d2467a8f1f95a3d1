package dev.convoy.train.transport;

import java.nio.ByteBuffer;
import org.apache.spark.SparkEnv;
import org.apache.spark.storage.BlockData;
import org.apache.spark.storage.BlockManager;
import org.apache.spark.storage.BroadcastBlockId;
import org.apache.spark.storage.StorageLevel;
import org.apache.spark.util.io.ChunkedByteBuffer;
import scala.Option;
import scala.reflect.ClassTag$;

/**
 * Bytes that a process keeps for others in Spark's block manager, which Spark's own broadcasts and results use too: the same
 * connections, encrypted where Spark's are, and the same memory, from which they go to disk where it is short. Unlike
 * broadcasts and results they are not serialised, compressed, checked or copied on their way.
 *
 * <p>They have the ids of parts of a broadcast, and so go when that is destroyed.
 */
final class SparkBlocks {
    private SparkBlocks() {}

    /** Keeps bytes, which must not be changed any more; does nothing if this process has the block already. */
    static void put(BroadcastBlockId id, ByteBuffer bytes) {
        boolean kept = manager()
                .putBytes(
                        id,
                        new ChunkedByteBuffer(bytes),
                        StorageLevel.MEMORY_AND_DISK_SER(),
                        true,
                        ClassTag$.MODULE$.apply(byte[].class));
        if (!kept) {
            throw new IllegalStateException("Neither memory nor disk has room for " + id);
        }
    }

    /** Gives up a block of this process. */
    static void remove(BroadcastBlockId id) {
        manager().removeBlock(id, true);
    }

    /**
     * Reads a block from wherever it is.
     *
     * @param again whether this process keeps it from now on, so that others can have it from here too
     * @throws BlockLostException if it is nowhere
     */
    static ByteBuffer get(BroadcastBlockId id, boolean again) {
        Option<BlockData> here = manager().getLocalBytes(id);
        if (here.isDefined()) {
            try {
                return here.get().toByteBuffer();
            } finally {
                // A round's blocks stay as long as anybody reads them.
                manager().releaseLock(id, Option.empty());
            }
        }
        Option<ChunkedByteBuffer> elsewhere = manager().getRemoteBytes(id);
        if (elsewhere.isEmpty()) {
            throw new BlockLostException(id.name());
        }
        ByteBuffer bytes = elsewhere.get().toByteBuffer();
        if (again) {
            put(id, bytes.duplicate());
        }
        return bytes;
    }

    private static BlockManager manager() {
        return SparkEnv.get().blockManager();
    }
}
