package dev.convoy.train.worker;

import dev.convoy.model.ModelState;
import java.io.Serializable;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;

/** The state that tasks begin with, on its way to them. */
public sealed interface ModelBroadcast extends Serializable {
    ModelState state();

    /** Gives the memory back; tasks must have ended, and what they brought be taken. */
    void close();

    static ModelBroadcast of(JavaSparkContext spark, ModelState state) {
        return spark.isLocal() ? Local.of(state) : new OverSpark(spark.broadcast(state));
    }

    /** To executors. */
    record OverSpark(Broadcast<ModelState> broadcast) implements ModelBroadcast {
        @Override
        public ModelState state() {
            return broadcast.value();
        }

        @Override
        public void close() {
            broadcast.destroy();
        }
    }

    /** In local mode tasks are threads of the driver: only a number is serialised. */
    record Local(long key) implements ModelBroadcast {
        private static final Map<Long, ModelState> STATES = new ConcurrentHashMap<>();
        private static final AtomicLong KEYS = new AtomicLong();

        static Local of(ModelState state) {
            Local outgoing = new Local(KEYS.incrementAndGet());
            STATES.put(outgoing.key, state);
            return outgoing;
        }

        @Override
        public ModelState state() {
            return STATES.get(key);
        }

        @Override
        public void close() {
            STATES.remove(key);
        }
    }
}
