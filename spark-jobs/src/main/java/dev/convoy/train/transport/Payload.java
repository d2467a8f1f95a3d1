package dev.convoy.train.transport;

import dev.convoy.collective.Compression;
import java.io.Serializable;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.spark.storage.BroadcastBlockId;

/** A vector on its way: not the floats, but where they can be had, in blocks of {@link #BLOCK}. */
public sealed interface Payload extends Serializable {
    /** Floats in a block: 16 MiB, since each is asked for in two messages that are answered. */
    int BLOCK = 1 << 22;

    /** In floats. */
    int length();

    /**
     * Copies a block.
     *
     * @param block from 0; the last one may be shorter
     * @param from where in the target it begins
     * @throws BlockLostException if it went with an executor
     */
    void get(int block, float[] target, int from);

    /**
     * Adds a block.
     *
     * @param block from 0
     * @param from where in the target it begins
     * @throws BlockLostException if it went with an executor
     */
    default void add(int block, float[] target, int from) {
        float[] values = new float[blockLength(block)];
        get(block, values, 0);
        sum(target, from, values, 0, values.length);
    }

    /** Adds values to others. */
    static void sum(float[] target, int to, float[] values, int from, int length) {
        for (int i = 0; i < length; i++) {
            target[to + i] += values[from + i];
        }
    }

    /** The number of blocks of a vector, by its length. */
    static int blocks(int length) {
        return length / BLOCK + (length % BLOCK == 0 ? 0 : 1);
    }

    /** The number of floats in a block of a vector, by the vector's length. */
    static int blockLength(int length, int block) {
        return Math.min(BLOCK, length - block * BLOCK);
    }

    /** The number of blocks. */
    default int blocks() {
        return blocks(length());
    }

    /** The number of floats in a block. */
    default int blockLength(int block) {
        return blockLength(length(), block);
    }

    /** A copy of the floats. */
    default float[] values() {
        float[] values = new float[length()];
        // In any order, so that readers find blocks with each other.
        List<Integer> order =
                new ArrayList<>(IntStream.range(0, blocks()).boxed().toList());
        Collections.shuffle(order);
        order.parallelStream().forEach(block -> get(block, values, block * BLOCK));
        return values;
    }

    /** An array of this process; it must not be changed. */
    record Whole(float[] values) implements Payload {
        @Override
        public int length() {
            return values.length;
        }

        @Override
        public void get(int block, float[] target, int from) {
            System.arraycopy(values, block * BLOCK, target, from, blockLength(block));
        }

        @Override
        public void add(int block, float[] target, int from) {
            Payload.sum(target, from, values, block * BLOCK, blockLength(block));
        }
    }

    /** What a task of this process has left. */
    record Local(StateBroadcast.Local keeper, String name, int length) implements Payload {
        @Override
        public void get(int block, float[] target, int from) {
            new Whole(keeper.kept(name)).get(block, target, from);
        }

        @Override
        public void add(int block, float[] target, int from) {
            new Whole(keeper.kept(name)).add(block, target, from);
        }
    }

    /**
     * Blocks of Spark's, little-endian.
     *
     * @param broadcast the id of the one that they belong to
     * @param name letters, digits and underscores
     * @param spreads whether who reads a block keeps it for others
     */
    record Blocks(long broadcast, String name, int length, Compression compression, boolean spreads)
            implements Payload {
        /** Keeps a copy of a vector in this process. */
        static Blocks put(long broadcast, String name, float[] values, Compression compression, boolean spreads) {
            Blocks vector = new Blocks(broadcast, name, values.length, compression, spreads);
            IntStream.range(0, vector.blocks()).parallel().forEach(block -> vector.put(block, values));
            return vector;
        }

        private void put(int block, float[] values) {
            int width = compression == Compression.NONE ? Float.BYTES : Short.BYTES;
            ByteBuffer bytes = ByteBuffer.allocate(blockLength(block) * width).order(ByteOrder.LITTLE_ENDIAN);
            if (compression == Compression.NONE) {
                bytes.asFloatBuffer().put(values, block * BLOCK, blockLength(block));
            } else {
                Bfloat16.round(values, block * BLOCK, bytes.asShortBuffer());
            }
            SparkBlocks.put(id(block), bytes);
        }

        /** Gives up what this process keeps of it. */
        void remove() {
            IntStream.range(0, blocks()).forEach(block -> SparkBlocks.remove(id(block)));
        }

        private BroadcastBlockId id(int block) {
            return new BroadcastBlockId(broadcast, name + "_" + block);
        }

        @Override
        public void get(int block, float[] target, int from) {
            ByteBuffer bytes = SparkBlocks.get(id(block), spreads).order(ByteOrder.LITTLE_ENDIAN);
            if (compression == Compression.NONE) {
                bytes.asFloatBuffer().get(target, from, blockLength(block));
            } else {
                Bfloat16.widen(bytes.asShortBuffer(), target, from);
            }
        }
    }
}
