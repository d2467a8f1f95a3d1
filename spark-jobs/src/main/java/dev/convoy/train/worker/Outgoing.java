package dev.convoy.train.worker;

import dev.convoy.model.ModelState;
import java.io.Serializable;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;

/** The state that tasks begin with, on its way to them. */
public sealed interface Outgoing extends Serializable {
    ModelState state();

    /** Gives the memory back; tasks must have ended, and what they brought be taken. */
    void close();

    static Outgoing of(JavaSparkContext spark, ModelState state) {
        return spark.isLocal() ? InProcess.of(state) : new ByBroadcast(spark.broadcast(state));
    }

    /** To executors. */
    record ByBroadcast(Broadcast<ModelState> broadcast) implements Outgoing {
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
    record InProcess(long key) implements Outgoing {
        private static final Map<Long, ModelState> STATES = new ConcurrentHashMap<>();
        private static final AtomicLong KEYS = new AtomicLong();

        static InProcess of(ModelState state) {
            InProcess outgoing = new InProcess(KEYS.incrementAndGet());
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
