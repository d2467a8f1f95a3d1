package dev.convoy.train.worker;

import dev.convoy.train.StateMessage;
import dev.convoy.train.TrainingState;
import java.io.Serializable;
import java.lang.ref.WeakReference;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;

/** The state that tasks begin with, on its way to them. */
public sealed interface StateBroadcast extends Serializable, AutoCloseable {
    /** The state; of the last good model it tells nothing. */
    TrainingState state();

    /** Gives the memory back; tasks must have ended. */
    @Override
    void close();

    /** Sends a state to the executors, or, in local mode, leaves it where they find it. */
    static StateBroadcast of(JavaSparkContext spark, TrainingState state) {
        return spark.isLocal()
                ? Local.of(state)
                : new OverSpark(spark.broadcast(StateMessage.write(state.withLastGood(state.model()))));
    }

    /** Goes to executors, as bytes that any serializer of Spark's can carry. */
    record OverSpark(Broadcast<byte[][]> broadcast) implements StateBroadcast {
        /** What was read lately, by broadcast, so that tasks which run at once share it. */
        private static final Map<Long, WeakReference<TrainingState>> READ = new HashMap<>();

        @Override
        public TrainingState state() {
            synchronized (READ) {
                READ.values().removeIf(read -> read.get() == null);
                WeakReference<TrainingState> known = READ.get(broadcast.id());
                TrainingState state = known == null ? null : known.get();
                if (state == null) {
                    state = StateMessage.read(broadcast.value());
                    READ.put(broadcast.id(), new WeakReference<>(state));
                }
                return state;
            }
        }

        @Override
        public void close() {
            broadcast.destroy();
        }
    }

    /** Stays, since in local mode tasks are threads of the driver: only a number is serialised. */
    record Local(long key) implements StateBroadcast {
        private static final Map<Long, TrainingState> STATES = new ConcurrentHashMap<>();
        private static final AtomicLong KEYS = new AtomicLong();

        private static Local of(TrainingState state) {
            Local broadcast = new Local(KEYS.incrementAndGet());
            STATES.put(broadcast.key, state);
            return broadcast;
        }

        @Override
        public TrainingState state() {
            return STATES.get(key);
        }

        @Override
        public void close() {
            STATES.remove(key);
        }
    }
}
