package dev.convoy.train.replica;

import dev.convoy.data.rdd.Broadcasts;
import dev.convoy.model.ModelState;
import dev.convoy.model.backend.Replica;
import dev.convoy.train.sync.Message;
import java.io.Serializable;
import java.util.List;
import java.util.UUID;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;

/**
 * A model on its way to tasks that ask it, as bytes that any serializer of Spark's can carry.
 *
 * @param name the model's, among all of all processes
 */
public record ModelBroadcast(Broadcast<byte[][]> message, String name) implements Serializable, AutoCloseable {
    /** Sends a model to the executors. */
    public static ModelBroadcast of(JavaSparkContext spark, ModelState model) {
        // Numbers of broadcasts begin anew with every Spark context, of which a process may have several.
        return new ModelBroadcast(
                spark.broadcast(Message.write(0, List.of(model.parameters(), model.buffers()))),
                "model-" + UUID.randomUUID());
    }

    /** The model. */
    public ModelState state() {
        return new ModelState(Message.vector(message.value(), 0), Message.vector(message.value(), 1));
    }

    /** Gives a replica the model, on the thread that owns it. */
    public void loadInto(Replica replica) {
        replica.parameters().set(Message.vector(message.value(), 0));
        replica.buffers().set(Message.vector(message.value(), 1));
    }

    /** Gives the memory back; tasks must have ended. */
    @Override
    public void close() {
        Broadcasts.destroy(message);
    }
}
