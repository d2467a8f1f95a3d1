package dev.convoy.train.transport;

import dev.convoy.collective.Compression;
import java.io.EOFException;
import java.io.Serializable;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.apache.spark.storage.BroadcastBlockId;

/** A vector on its way: not the floats, but where they can be had, in blocks of {@link #BLOCK}. */
public sealed interface Payload extends Serializable {
    /** Floats in a block: 16 MiB, since each is asked for in two messages that are answered. */
    int BLOCK = 1 << 22;

    /** In floats. */
    int length();

    /**
     * Copies floats, on the calling thread alone.
     *
     * @param from where in the vector they begin
     * @param target takes as many as it has room for
     * @throws BlockLostException if a block of them went with an executor
     */
    void get(int from, FloatBuffer target);

    /**
     * Copies a block.
     *
     * @param block from 0; the last one may be shorter
     * @param from where in the target it begins
     * @throws BlockLostException if it went with an executor
     */
    default void get(int block, float[] target, int from) {
        get(block * BLOCK, FloatBuffer.wrap(target, from, blockLength(block)));
    }

    /**
     * Adds a block.
     *
     * @param block from 0
     * @param from where in the target it begins
     * @throws BlockLostException if it went with an executor
     */
    void add(int block, float[] target, int from);

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

    /**
     * A copy of the floats, made by the calling thread alone.
     *
     * @throws BlockLostException if a block went with an executor
     */
    default float[] values() {
        float[] values = new float[length()];
        get(0, FloatBuffer.wrap(values));
        return values;
    }

    /**
     * The floats, in an array that is the caller's from now on. Nobody may ask for them again.
     *
     * @param copy makes a copy of this, if there has to be one
     */
    default float[] take(Function<Payload, float[]> copy) {
        return copy.apply(this);
    }

    /** Floats on their way into a vector. */
    @FunctionalInterface
    interface Source {
        /** Writes as many floats as there is room for, from an offset in the vector on. */
        void get(int from, FloatBuffer target);
    }

    /** An array of this process; it must not be changed. */
    record Whole(float[] values) implements Payload {
        @Override
        public int length() {
            return values.length;
        }

        @Override
        public void get(int from, FloatBuffer target) {
            target.put(values, from, target.remaining());
        }

        @Override
        public void add(int block, float[] target, int from) {
            Payload.sum(target, from, values, block * BLOCK, blockLength(block));
        }
    }

    /** What a task of this process has left. */
    record Local(StateBroadcast.Local keeper, String name, int length) implements Payload {
        @Override
        public void get(int from, FloatBuffer target) {
            new Whole(keeper.kept(name)).get(from, target);
        }

        @Override
        public float[] take(Function<Payload, float[]> copy) {
            return keeper.kept(name);
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
        /** Floats that are written or read at a time, so that they stay in a processor's cache. */
        private static final int PIECE = 1 << 16;

        /** Keeps a copy of an array in this process; blocks are made by as many threads as there are cores. */
        static Blocks put(long broadcast, String name, float[] values, Compression compression, boolean spreads) {
            Blocks vector = new Blocks(broadcast, name, values.length, compression, spreads);
            Source source = (from, target) -> target.put(values, from, target.remaining());
            IntStream.range(0, vector.blocks()).parallel().forEach(block -> vector.put(block, source));
            return vector;
        }

        /** Keeps a vector in this process; the calling thread alone asks the source. */
        static Blocks put(long broadcast, String name, int length, Source source, Compression compression) {
            Blocks vector = new Blocks(broadcast, name, length, compression, false);
            for (int block = 0; block < vector.blocks(); block++) {
                vector.put(block, source);
            }
            return vector;
        }

        private void put(int block, Source source) {
            int length = blockLength(block);
            ByteBuffer bytes = ByteBuffer.allocate(length * width()).order(ByteOrder.LITTLE_ENDIAN);
            float[] piece = new float[Math.min(PIECE, length)];
            for (int at = 0; at < length; at += PIECE) {
                int count = Math.min(PIECE, length - at);
                source.get(block * BLOCK + at, FloatBuffer.wrap(piece, 0, count));
                write(piece, bytes.slice(at * width(), count * width()).order(ByteOrder.LITTLE_ENDIAN));
            }
            SparkBlocks.put(id(block), bytes);
        }

        private void write(float[] piece, ByteBuffer bytes) {
            if (compression == Compression.NONE) {
                bytes.asFloatBuffer().put(piece, 0, bytes.remaining() / Float.BYTES);
            } else {
                Bfloat16.round(piece, 0, bytes.asShortBuffer());
            }
        }

        /** Gives up what this process keeps of it. */
        void remove() {
            IntStream.range(0, blocks()).forEach(block -> SparkBlocks.remove(id(block)));
        }

        private BroadcastBlockId id(int block) {
            return new BroadcastBlockId(broadcast, name + "_" + block);
        }

        private int width() {
            return compression == Compression.NONE ? Float.BYTES : Short.BYTES;
        }

        @Override
        public void get(int from, FloatBuffer target) {
            int end = from + target.remaining();
            for (int begin = from / BLOCK * BLOCK; begin < end; begin += BLOCK) {
                int first = Math.max(from - begin, 0);
                int last = Math.min(end - begin, BLOCK);
                read(begin / BLOCK, first, last, (bytes, at, count) -> read(bytes, target, count));
            }
        }

        @Override
        public void add(int block, float[] target, int from) {
            float[] piece = new float[PIECE];
            read(block, 0, blockLength(block), (bytes, at, count) -> {
                read(bytes, FloatBuffer.wrap(piece), count);
                Payload.sum(target, from + at, piece, 0, count);
            });
        }

        /** Takes the bytes of so many floats, from an offset in their block on. */
        private interface Piece {
            void take(ByteBuffer bytes, int at, int count);
        }

        private void read(int block, int first, int last, Piece piece) {
            SparkBlocks.read(id(block), spreads, stream -> {
                byte[] bytes = new byte[Math.min(PIECE, last - first) * width()];
                ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
                stream.skipNBytes((long) first * width());
                for (int at = first; at < last; at += PIECE) {
                    int count = Math.min(PIECE, last - at);
                    if (stream.readNBytes(bytes, 0, count * width()) < count * width()) {
                        throw new EOFException();
                    }
                    piece.take(buffer, at, count);
                }
            });
        }

        private void read(ByteBuffer bytes, FloatBuffer target, int count) {
            if (compression == Compression.NONE) {
                target.put(bytes.asFloatBuffer().limit(count));
            } else {
                Bfloat16.widen(bytes.asShortBuffer().limit(count), target);
            }
        }
    }
}
