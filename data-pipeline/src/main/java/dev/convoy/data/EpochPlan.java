package dev.convoy.data;

/**
 * Which example goes into which step of which worker in one epoch: a pure function of its four values.
 *
 * <p>Every worker goes once through the examples it owns, in an order of its own that is new each epoch. Global batch
 * {@code k} is the union of the workers' {@code k}-th batches. All workers take the same number of steps; one that has
 * run out has an empty batch, which weighs nothing.
 */
public final class EpochPlan {
    private final long seed;
    private final int epoch;
    private final WorkerLayout layout;
    private final int batchSize;
    private final WorkerLayout.Dealer dealer;

    /**
     * @param seed the run's seed
     * @param epoch from 0
     * @param layout who owns what
     * @param batchSize examples per worker and step, at least 1
     */
    public EpochPlan(long seed, int epoch, WorkerLayout layout, int batchSize) {
        if (batchSize < 1) {
            throw new ConvoyException(
                    "Cannot plan an epoch with data.batch-size = " + batchSize + "; it must be at least 1");
        }
        this.seed = seed;
        this.epoch = epoch;
        this.layout = layout;
        this.batchSize = batchSize;
        this.dealer = layout.dealer();
    }

    /** Steps in the epoch: those of the worker with the most examples. */
    public int steps() {
        return Math.toIntExact((layout.largestSize() + batchSize - 1) / batchSize);
    }

    /**
     * The ids of one worker's batch.
     *
     * @return {@code batchSize} ids, fewer in the worker's last batch, none once it has run out
     */
    public long[] batch(int worker, int step) {
        long owned = layout.size(worker);
        long first = (long) step * batchSize;
        int count = (int) Math.max(0, Math.min(batchSize, owned - first));
        long[] ids = new long[count];
        if (count > 0) {
            Permutation order =
                    new Permutation(owned, CounterRandom.of(seed, CounterRandom.Purpose.EPOCH_ORDER, epoch, worker));
            for (int i = 0; i < count; i++) {
                ids[i] = dealer.idAt(worker, order.apply(first + i));
            }
        }
        return ids;
    }
}
