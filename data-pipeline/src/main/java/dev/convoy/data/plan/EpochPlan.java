package dev.convoy.data.plan;

import dev.convoy.data.CounterRandom;
import dev.convoy.data.InvalidValueException;
import java.util.List;
import java.util.function.LongUnaryOperator;
import java.util.stream.LongStream;

/**
 * Which example goes into which step of which worker in one epoch: a pure function of its values and of what the worker owns.
 *
 * <p>Every worker goes through the examples it owns, in an order of its own; a random one is new each epoch. Global batch
 * {@code k} is the union of the workers' {@code k}-th batches. All workers take the same number of steps; one that has
 * run out has an empty batch, which weighs nothing.
 */
public final class EpochPlan {
    private final long seed;
    private final int epoch;
    private final WorkerLayout layout;
    private final int batchSize;
    private final Shuffle shuffle;
    private final WorkerLayout.Dealer dealer;

    /**
     * @param seed the run's seed
     * @param epoch from 0
     * @param layout who owns what
     * @param batchSize examples per worker and step, at least 1
     * @param shuffle in which order
     */
    public EpochPlan(long seed, int epoch, WorkerLayout layout, int batchSize, Shuffle shuffle) {
        if (batchSize < 1) {
            throw new InvalidValueException("batchSize", batchSize, "it must be at least 1");
        }
        this.seed = seed;
        this.epoch = epoch;
        this.layout = layout;
        this.batchSize = batchSize;
        this.shuffle = shuffle;
        this.dealer = layout.dealer();
    }

    /** From 0. */
    public int epoch() {
        return epoch;
    }

    /** Steps in the epoch: those of the worker with the most examples. */
    public int steps() {
        return Math.toIntExact((layout.largestSize() + batchSize - 1) / batchSize);
    }

    /** How many ids a worker's batch has: as many as a batch holds, fewer in the worker's last batch, none once it has run out. */
    public int batchSize(int worker, int step) {
        return (int) Math.max(0, Math.min(batchSize, layout.size(worker) - (long) step * batchSize));
    }

    /**
     * The ids of one worker's batch.
     *
     * @param shard what the worker owns
     */
    public long[] batch(int worker, int step, WorkerShard shard) {
        long[] ids = new long[batchSize(worker, step)];
        if (ids.length > 0) {
            LongUnaryOperator order = order(worker, shard);
            for (int i = 0; i < ids.length; i++) {
                ids[i] = order.applyAsLong((long) step * batchSize + i);
            }
        }
        return ids;
    }

    private LongUnaryOperator order(int worker, WorkerShard shard) {
        return switch (shuffle.kind()) {
            case GLOBAL -> {
                Permutation order = new Permutation(layout.size(worker), random(worker));
                yield position -> dealer.idAt(worker, order.apply(position));
            }
            case WINDOW -> {
                WindowOrder order =
                        new WindowOrder(layout.size(worker), shuffle.window(), index -> random(worker, index));
                long[] ids = shard.ids();
                yield position -> ids[(int) order.apply(position)];
            }
            case NONE -> inOrder(shard);
            case BALANCED -> {
                List<long[]> classes = shard.idsByClass();
                // Where all are rejected, they are counted as such.
                yield classes.isEmpty()
                        ? inOrder(shard)
                        : new BalancedOrder(classes, (of, round) -> random(worker, of, round))::idAt;
            }
        };
    }

    private static LongUnaryOperator inOrder(WorkerShard shard) {
        long[] ids = shard.ids();
        return position -> ids[(int) position];
    }

    private CounterRandom random(int worker, long... more) {
        LongStream coordinates = LongStream.concat(LongStream.of(epoch, worker), LongStream.of(more));
        return CounterRandom.of(seed, CounterRandom.Purpose.EPOCH_ORDER, coordinates.toArray());
    }
}
