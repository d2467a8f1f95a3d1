package dev.convoy.train.worker;

/** Takes parts of a gradient while the rest of it is still computed, from the last layer to the first. */
public interface GradientConsumer {
    /**
     * Takes the next part.
     *
     * @param weight of the whole gradient, should it count
     * @param offset where the part begins; it ends where the last one began, the first one at the gradient's end
     */
    void submit(long weight, int offset);
}
