package dev.convoy.model;

/**
 * The memory outside the Java heap that one replica needs, in bytes; an estimate by the sizes of its vectors, all in single precision.
 * Kept for going backwards are the outputs of all layers; gradients of the outputs are as large, and an engine's working space is about as
 * large as the outputs once more.
 *
 * @param vectors parameters, their gradient, the optimizer's memory, and running statistics
 * @param activations of a batch
 */
public record MemoryEstimate(long vectors, long activations) {
    private static final int WORKING_COPIES = 3;

    /**
     * Estimates what training needs.
     *
     * @param batchSize examples that go through the network at a time
     * @param slots vectors in the optimizer's memory
     */
    public static MemoryEstimate training(Network network, int batchSize, int slots) {
        long parameters = network.layout().parameterCount();
        long values = network.allLayers().stream()
                .mapToLong(layer -> layer.output().size())
                .sum();
        long vectors =
                Float.BYTES * (parameters * (2L + slots) + network.layout().bufferCount());
        long activations = (long) Float.BYTES
                * batchSize
                * (WORKING_COPIES * values + network.input().size());
        return new MemoryEstimate(vectors, activations);
    }

    /** Both together. */
    public long bytes() {
        return vectors + activations;
    }
}
