package dev.convoy.train.transport;

import dev.convoy.collective.Compression;
import dev.convoy.data.rdd.Broadcasts;
import dev.convoy.train.TrainingState;
import java.io.Serializable;
import java.nio.FloatBuffer;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.apache.spark.SparkExecutorInfo;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;

/** The state that tasks begin with, on its way to them, and the vectors that they leave for the driver. */
public sealed interface StateBroadcast extends Serializable, AutoCloseable {
    /**
     * Lends the state.
     *
     * @throws BlockLostException if a part of it went with the driver or an executor
     */
    Loan borrow();

    /** The state, of which parts can be read; of the last good model it tells nothing. */
    StateBlocks blocks();

    /** A state that is borrowed; afterwards its vectors may be written over. Of the last good model it tells nothing. */
    interface Loan extends AutoCloseable {
        TrainingState state();

        @Override
        void close();
    }

    /**
     * Keeps a vector for the driver, until this is closed.
     *
     * @param name letters, digits and underscores; another one for every attempt of a task, unless the vector is the same
     * @param values taken over
     * @throws CancellationException if it is closed, or the task was cancelled, so that nobody waits for the vector
     */
    Payload keep(String name, float[] values, Compression compression);

    /**
     * As {@link #keep(String, float[], Compression)}, with a vector that does not lie on the heap.
     *
     * @param source asked by the calling thread
     * @param cancelled whether nobody waits for the vector any more; asked by the calling thread, which need not be the task's
     */
    Payload keep(String name, int length, Payload.Source source, Compression compression, BooleanSupplier cancelled);

    /** Keeps a whole state for the driver, until this is closed. */
    default StateBlocks keep(String name, TrainingState state) {
        return StateBlocks.of(state, (index, values) -> keep(name + "_" + index, values, Compression.NONE));
    }

    private static CancellationException notAwaited() {
        return new CancellationException("The round has gone on without this worker");
    }

    /** Gives all memory back; tasks must have ended. */
    @Override
    void close();

    /** Sends a state to the executors, or, in local mode, leaves it where they find it. */
    static StateBroadcast of(JavaSparkContext spark, TrainingState state) {
        return spark.isLocal() ? Local.of(state) : OverSpark.of(spark, state);
    }

    /**
     * Goes to executors.
     *
     * @param handle has nothing in it but its id, by which all blocks go when it is destroyed, or forgotten
     */
    record OverSpark(Broadcast<Boolean> handle, StateBlocks blocks) implements StateBroadcast {
        /** Keeps the state on the driver, where executors find it. */
        public static OverSpark of(JavaSparkContext spark, TrainingState state) {
            Broadcast<Boolean> handle = spark.broadcast(true);
            boolean spreads = executorHosts(spark) > 1;
            return new OverSpark(
                    handle,
                    StateBlocks.of(
                            state.withLastGood(state.model()),
                            (index, values) -> Payload.Blocks.put(
                                    handle.id(), "start_" + index, values, Compression.NONE, spreads)));
        }

        /** Between hosts executors have the state from each other too, so that the driver's line carries it once. */
        private static long executorHosts(JavaSparkContext spark) {
            String driver = spark.env().blockManager().blockManagerId().hostPort();
            return Stream.of(spark.sc().statusTracker().getExecutorInfos())
                    .filter(executor -> !driver.equals(executor.host() + ":" + executor.port()))
                    .map(SparkExecutorInfo::host)
                    .distinct()
                    .count();
        }

        @Override
        public Loan borrow() {
            return ReadState.borrow(handle.id(), blocks);
        }

        @Override
        public Payload keep(String name, float[] values, Compression compression) {
            TaskContext task = TaskContext.get();
            return awaited(
                    Payload.Blocks.put(handle.id(), name, values, compression, false),
                    () -> task != null && task.isInterrupted());
        }

        @Override
        public Payload keep(
                String name, int length, Payload.Source source, Compression compression, BooleanSupplier cancelled) {
            return awaited(Payload.Blocks.put(handle.id(), name, length, source, compression), cancelled);
        }

        private static Payload awaited(Payload.Blocks kept, BooleanSupplier cancelled) {
            if (cancelled.getAsBoolean()) {
                // The broadcast may be destroyed by now, and would not be again.
                kept.remove();
                throw notAwaited();
            }
            return kept;
        }

        @Override
        public void close() {
            Broadcasts.destroy(handle);
        }
    }

    /** Stays, since in local mode tasks are threads of the driver: only a number is serialised. */
    record Local(long key) implements StateBroadcast {
        private static final Map<Long, Shelf> SHELVES = new ConcurrentHashMap<>();
        private static final AtomicLong KEYS = new AtomicLong();

        private record Shelf(TrainingState state, Map<String, float[]> kept) implements Loan {
            @Override
            public void close() {
                // The driver's own, which stays as it is.
            }
        }

        private static Local of(TrainingState state) {
            Local broadcast = new Local(KEYS.incrementAndGet());
            SHELVES.put(broadcast.key, new Shelf(state, new ConcurrentHashMap<>()));
            return broadcast;
        }

        @Override
        public Loan borrow() {
            return SHELVES.get(key);
        }

        @Override
        public StateBlocks blocks() {
            return StateBlocks.here(SHELVES.get(key).state);
        }

        @Override
        public Payload keep(String name, float[] values, Compression compression) {
            if (compression == Compression.BF16) {
                Bfloat16.round(values);
            }
            Shelf shelf = SHELVES.get(key);
            if (shelf == null) {
                throw notAwaited();
            }
            shelf.kept.put(name, values);
            return new Payload.Local(this, name, values.length);
        }

        @Override
        public Payload keep(
                String name, int length, Payload.Source source, Compression compression, BooleanSupplier cancelled) {
            float[] values = new float[length];
            source.get(0, FloatBuffer.wrap(values));
            return keep(name, values, compression);
        }

        float[] kept(String name) {
            return SHELVES.get(key).kept.get(name);
        }

        @Override
        public void close() {
            SHELVES.remove(key);
        }
    }
}
