package dev.convoy.model.backend;

import dev.convoy.data.ImageBatch;
import dev.convoy.model.Vector;
import java.nio.FloatBuffer;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.DoubleSupplier;
import java.util.function.IntConsumer;

/**
 * One network on one device. The thread that built a replica owns it, and alone may call it. Vectors are in the canonical
 * layout of {@link dev.convoy.model.ParameterLayout} and live as long as the replica. Closing frees native memory.
 */
public interface Replica extends AutoCloseable {
    /** The trained parameters; changes take effect with the next batch. */
    Vector parameters();

    /** The running statistics; changes take effect with the next batch. */
    Vector buffers();

    /** The gradient of the last training batch's mean loss. */
    Vector gradient();

    /**
     * Makes a vector of zeros in the memory where the replica keeps its own vectors. The replica owns it, and frees it on closing.
     */
    Vector newVector(int length);

    /**
     * Whether parameters and gradient can lie in memory of the caller's, so that others who see that memory need no copies. If not,
     * {@link #placeGradient}, {@link #placeParameters} and {@link #vectorOver} are refused.
     */
    default boolean takesMemory() {
        return false;
    }

    /**
     * Lets {@link #gradient} lie in memory of the caller's. What {@link #gradient} gave before is not to be used any more.
     *
     * @param memory direct, in native order, as long as the gradient from its position on; it must stay until the gradient is
     *     taken back with empty, or the replica is closed
     */
    default void placeGradient(Optional<FloatBuffer> memory) {
        throw keepsMemory();
    }

    /**
     * Lets {@link #parameters} lie in memory of the caller's, with the values that it has. What {@link #parameters} gave before is not to be
     * used any more, and its values are gone: who takes the parameters back with empty has to set them.
     *
     * @param memory as {@link #placeGradient} takes it
     */
    default void placeParameters(Optional<FloatBuffer> memory) {
        throw keepsMemory();
    }

    /**
     * A vector over memory of the caller's, of the same kind as the replica's own. The garbage collector frees the vector, not the memory,
     * which must stay while the vector is used.
     *
     * @param memory direct, in native order; the vector begins at its position and ends at its limit
     */
    default Vector vectorOver(FloatBuffer memory) {
        throw keepsMemory();
    }

    private static UnsupportedOperationException keepsMemory() {
        return new UnsupportedOperationException("This replica keeps its vectors in memory of its own");
    }

    /**
     * Whether {@link #propagate} tells of parts. All replicas of a network on a backend agree.
     */
    default boolean hasGradientInParts() {
        return false;
    }

    /**
     * Goes forwards and backwards through one batch in training mode: fills {@link #gradient} and moves the running statistics. Nothing
     * waits for a device to have computed it; reading the loss does.
     *
     * <p>On the way it tells how much of {@link #gradient} is final, so that the caller can send that part off while the rest is computed.
     * Results are the same, bit by bit, whether anybody is told or not. Going backwards begins at the last layer, so the gradient
     * becomes final from its end to its beginning. A replica whose gradient has 100,000 values and comes in three parts does this:
     *
     * <pre>{@code
     * finished.accept(70_000); // values 70,000 to 99,999 are final
     * finished.accept(20_000); // values 20,000 to 69,999 are final too
     * return loss;             // all values are final
     * }</pre>
     *
     * @param batch at least one image
     * @param step what dropout masks are drawn for
     * @param finished receives the offset of the first final value, above 0 and each time a smaller one, on the calling
     *     thread; a replica without {@link #hasGradientInParts} never calls it; empty if nobody wants to know
     * @return reads the loss, summed over the batch's examples times their weights, which is not finite if training has diverged; to be
     *     asked once at most, by the thread that owns the replica, before that is closed
     */
    DoubleSupplier propagate(ImageBatch batch, StepKey step, Optional<IntConsumer> finished);

    /** Does what {@link #propagate} does, and reads the loss. */
    default double train(ImageBatch batch, StepKey step) {
        return propagate(batch, step, Optional.empty()).getAsDouble();
    }

    /**
     * Goes forwards through one batch in evaluation mode.
     *
     * @param batch at least one image
     * @return {@code [size, outputs]} raw outputs
     */
    double[] outputs(ImageBatch batch);

    /** The CUDA device that the replica computes on; empty on a CPU, and where only the backend itself can use the device. */
    default OptionalInt cudaDevice() {
        return OptionalInt.empty();
    }

    @Override
    void close();
}
