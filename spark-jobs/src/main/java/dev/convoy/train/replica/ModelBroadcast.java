package dev.convoy.train.replica;

import dev.convoy.data.rdd.Broadcasts;
import dev.convoy.model.ModelState;
import dev.convoy.model.backend.Replica;
import dev.convoy.train.sync.Message;
import dev.convoy.train.transport.Payload;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;

/**
 * A model on its way to tasks that ask it, as bytes that any serializer of Spark's can carry, in pieces, since an array of bytes holds
 * fewer floats than a model may have.
 *
 * @param name the model's, among all of all processes
 */
public record ModelBroadcast(Broadcast<byte[][]> message, String name) implements Serializable, AutoCloseable {
    /** Sends a model to the executors. */
    public static ModelBroadcast of(JavaSparkContext spark, ModelState model) {
        // Numbers of broadcasts begin anew with every Spark context, of which a process may have several.
        return new ModelBroadcast(spark.broadcast(write(model, Payload.BLOCK)), "model-" + UUID.randomUUID());
    }

    /**
     * Writes a model.
     *
     * @param most floats of a piece
     */
    static byte[][] write(ModelState model, int most) {
        List<float[]> pieces = new ArrayList<>();
        for (float[] vector : List.of(model.parameters(), model.buffers())) {
            for (int from = 0; from < vector.length; from += most) {
                pieces.add(Arrays.copyOfRange(vector, from, Math.min(vector.length, from + most)));
            }
        }
        return Message.write(new int[] {model.parameters().length, model.buffers().length}, pieces);
    }

    /** Reads what was written. */
    static ModelState read(byte[][] message) {
        int[] lengths = Message.head(message, int[].class);
        float[] parameters = new float[lengths[0]];
        float[] buffers = new float[lengths[1]];
        int piece = 0;
        for (float[] vector : List.of(parameters, buffers)) {
            for (int from = 0; from < vector.length; piece++) {
                float[] values = Message.vector(message, piece);
                System.arraycopy(values, 0, vector, from, values.length);
                from += values.length;
            }
        }
        return new ModelState(parameters, buffers);
    }

    /** The model. */
    public ModelState state() {
        return read(message.value());
    }

    /** Gives a replica the model, on the thread that owns it. */
    public void loadInto(Replica replica) {
        ModelState model = state();
        replica.parameters().set(model.parameters());
        replica.buffers().set(model.buffers());
    }

    /** Gives the memory back; tasks must have ended. */
    @Override
    public void close() {
        Broadcasts.destroy(message);
    }
}
