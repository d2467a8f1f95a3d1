package dev.convoy.train;

import dev.convoy.model.ModelState;
import java.io.Serializable;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;

/** The state that tasks begin with, on its way to them. */
sealed interface Outgoing extends Serializable {
    ModelState state();

    /** Gives the memory back; tasks must have ended. */
    void close();

    static Outgoing of(JavaSparkContext spark, ModelState state) {
        return spark.isLocal() ? new InProcess(Handover.of(state)) : new ByBroadcast(spark.broadcast(state));
    }

    /** In local mode. */
    record InProcess(Handover<ModelState> handover) implements Outgoing {
        @Override
        public ModelState state() {
            return handover.value();
        }

        @Override
        public void close() {
            handover.take();
        }
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
}
