package dev.convoy.model.backend;

import dev.convoy.data.ImageBatch;
import dev.convoy.model.Vector;
import java.util.OptionalInt;
import java.util.function.IntConsumer;

/**
 * One network on one device. Owned by the thread that built it: every call comes from there. Vectors are in the canonical
 * layout of {@link dev.convoy.model.ParameterLayout} and live as long as the replica. Closing frees native memory.
 */
public interface Replica extends AutoCloseable {
    /** The trained parameters; changes take effect with the next batch. */
    Vector parameters();

    /** Running statistics; changes take effect with the next batch. */
    Vector buffers();

    /** The gradient of the last training batch's mean loss. */
    Vector gradient();

    /** A vector of zeros where the replica keeps its own. */
    Vector newVector(int length);

    /**
     * Goes forwards and backwards through one batch in training mode: fills {@link #gradient} and moves the running
     * statistics.
     *
     * @param batch at least one image
     * @param step what dropout masks are drawn for
     * @return the loss, summed over the batch's examples times their weights; not finite if training has diverged
     */
    double train(ImageBatch batch, StepKey step);

    /** Whether gradients of this network come in parts; the same for all replicas of the network by the same backend. */
    default boolean hasGradientInParts() {
        return false;
    }

    /**
     * The same, telling of the gradient as it comes: from the last layer to the first.
     *
     * @param finished told from which offset on {@link #gradient} is what it will be in the end, on the calling thread, each time a
     *     smaller one; of the rest the return tells. Not called unless {@link #hasGradientInParts}.
     */
    default double train(ImageBatch batch, StepKey step, IntConsumer finished) {
        return train(batch, step);
    }

    /**
     * Goes forwards through one batch in evaluation mode.
     *
     * @param batch at least one image
     * @return {@code [size, outputs]} raw outputs
     */
    double[] outputs(ImageBatch batch);

    /** The CUDA device that it computes on; empty on a CPU, and where only the backend itself could use the device. */
    default OptionalInt cudaDevice() {
        return OptionalInt.empty();
    }

    @Override
    void close();
}
