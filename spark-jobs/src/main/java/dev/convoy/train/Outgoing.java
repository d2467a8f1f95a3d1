package dev.convoy.train;

import dev.convoy.model.ModelState;
import java.io.Serializable;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;

/** The state that tasks begin with, on its way to them. */
sealed interface Outgoing extends Serializable {
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

    /** In local mode tasks are threads of the driver: only a number is serialised, and contributions come back by it. */
    record InProcess(long key) implements Outgoing {
        /** What is on its way now; no task depends on what another one left. */
        private static final Map<Long, Exchanged> EXCHANGED = new ConcurrentHashMap<>();

        private static final AtomicLong KEYS = new AtomicLong();

        private record Exchanged(ModelState state, Map<Integer, Payload> byRank) {}

        static InProcess of(ModelState state) {
            InProcess outgoing = new InProcess(KEYS.incrementAndGet());
            EXCHANGED.put(outgoing.key, new Exchanged(state, new ConcurrentHashMap<>()));
            return outgoing;
        }

        @Override
        public ModelState state() {
            return EXCHANGED.get(key).state;
        }

        /** A rank's vector without a copy; its values can be had until this is closed. */
        Payload keep(int rank, Payload vector) {
            EXCHANGED.get(key).byRank.put(rank, vector);
            return new Payload.InProcess(this, rank);
        }

        Payload kept(int rank) {
            return EXCHANGED.get(key).byRank.get(rank);
        }

        @Override
        public void close() {
            EXCHANGED.remove(key);
        }
    }
}
