package dev.convoy.train.transport;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.apache.spark.SparkEnv;
import org.apache.spark.network.buffer.ManagedBuffer;
import org.apache.spark.network.shuffle.BlockFetchingListener;
import org.apache.spark.storage.BlockData;
import org.apache.spark.storage.BlockManager;
import org.apache.spark.storage.BlockManagerId;
import org.apache.spark.storage.BroadcastBlockId;
import org.apache.spark.storage.StorageLevel;
import org.apache.spark.util.io.ChunkedByteBuffer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import scala.Option;
import scala.collection.JavaConverters;
import scala.reflect.ClassTag$;

/**
 * Bytes that a process keeps for others in Spark's block manager, which Spark's own broadcasts and results use too: the same
 * connections, encrypted where Spark's are, and the same memory, from which they go to disk where it is short. Unlike
 * broadcasts and results they are not serialised, compressed or checked, and who reads them reads what the network
 * has left, with no copy on the heap between.
 *
 * <p>They have the ids of parts of a broadcast, and so go when that is destroyed.
 */
final class SparkBlocks {
    private static final Logger LOG = LoggerFactory.getLogger(SparkBlocks.class);

    private SparkBlocks() {}

    /** Reads a block's bytes while they are held. */
    interface Reader {
        void read(InputStream bytes) throws IOException;
    }

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
    static void read(BroadcastBlockId id, boolean again, Reader reader) {
        try {
            if (readHere(id, reader)) {
                return;
            }
            ManagedBuffer fetched = fetch(id);
            try (InputStream bytes = fetched.createInputStream()) {
                reader.read(again ? kept(id, bytes) : bytes);
            } finally {
                fetched.release();
            }
        } catch (IOException e) {
            throw new UncheckedIOException("Cannot read " + id, e);
        }
    }

    private static InputStream kept(BroadcastBlockId id, InputStream bytes) throws IOException {
        byte[] all = bytes.readAllBytes();
        put(id, ByteBuffer.wrap(all));
        return new ByteArrayInputStream(all);
    }

    private static boolean readHere(BroadcastBlockId id, Reader reader) throws IOException {
        Option<BlockData> here = manager().getLocalBytes(id);
        if (here.isEmpty()) {
            return false;
        }
        try (InputStream bytes = here.get().toInputStream()) {
            reader.read(bytes);
        } finally {
            manager().releaseLock(id, Option.empty());
        }
        return true;
    }

    /** What {@code BlockManager.getRemoteBytes} does, without its copies; the caller releases. */
    private static ManagedBuffer fetch(BroadcastBlockId id) {
        for (BlockManagerId place : places(id)) {
            Coming coming = new Coming();
            manager()
                    .blockTransferService()
                    .fetchBlocks(
                            place.host(), place.port(), place.executorId(), new String[] {id.name()}, coming, null);
            try {
                return coming.await();
            } catch (IOException e) {
                LOG.debug("{} has not given {}", place, id, e);
            }
        }
        throw new BlockLostException(id.name());
    }

    /** Who has a block: this host's first, the driver last, whose line all others need too; else in any order. */
    private static List<BlockManagerId> places(BroadcastBlockId id) {
        List<BlockManagerId> places =
                new ArrayList<>(JavaConverters.seqAsJavaList(manager().master().getLocations(id)));
        Collections.shuffle(places);
        String host = manager().blockManagerId().host();
        places.sort(Comparator.<BlockManagerId, Boolean>comparing(
                        place -> !place.host().equals(host))
                .thenComparing(BlockManagerId::isDriver));
        return places;
    }

    /**
     * A block on its way. A future would do, but that pools of threads take another thread for each that waits for one, and so would ask
     * for all blocks at once.
     */
    private static final class Coming implements BlockFetchingListener {
        private final CountDownLatch ended = new CountDownLatch(1);
        private ManagedBuffer block;
        private Throwable failure;
        private boolean abandoned;

        @Override
        public synchronized void onBlockFetchSuccess(String id, ManagedBuffer data) {
            if (!abandoned) {
                block = data.retain();
            }
            ended.countDown();
        }

        @Override
        public synchronized void onBlockFetchFailure(String id, Throwable e) {
            failure = e;
            ended.countDown();
        }

        ManagedBuffer await() throws IOException {
            try {
                ended.await();
            } catch (InterruptedException e) {
                abandon();
                Thread.currentThread().interrupt();
                throw new IllegalStateException("The reading of a block was interrupted", e);
            }
            return result();
        }

        private synchronized ManagedBuffer result() throws IOException {
            if (block == null) {
                throw new IOException(failure);
            }
            return block;
        }

        private synchronized void abandon() {
            abandoned = true;
            if (block != null) {
                block.release();
            }
        }
    }

    private static BlockManager manager() {
        return SparkEnv.get().blockManager();
    }
}
