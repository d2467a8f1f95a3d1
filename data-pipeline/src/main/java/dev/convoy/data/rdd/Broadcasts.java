package dev.convoy.data.rdd;

import dev.convoy.storage.Interruption;
import org.apache.spark.broadcast.Broadcast;

/** How broadcasts end. */
public final class Broadcasts {
    private Broadcasts() {}

    /** Gives a broadcast's memory back, on executors too; on a thread that is interrupted as well, where Spark would stop halfway. */
    public static void destroy(Broadcast<?> broadcast) {
        try (Interruption pause = Interruption.outlast()) {
            broadcast.destroy();
        }
    }
}
