package dev.convoy.data.plan;

import dev.convoy.data.CounterRandom;
import dev.convoy.data.InvalidValueException;
import java.util.List;
import java.util.Optional;
import java.util.function.LongUnaryOperator;
import java.util.stream.LongStream;

/**
 * Says which example goes into which step of which worker in one epoch. It is a pure function of its values and of what
 * the worker owns.
 *
 * <p>Every worker goes through the examples it owns, in an order of its own; a random one is new each epoch. Global
 * batch {@code k} is the union of the workers' {@code k}-th batches. All workers take the same number of steps; one
 * that has run out has an empty batch, which weighs nothing.
 *
 * <p>Under {@link Shuffle.Order#CANONICAL} all examples are dealt to as many buckets as a global batch has examples,
 * and global batch {@code k} takes the {@code k}-th example of every bucket, in an order that each bucket has for
 * itself. Worker {@code w} of {@code W} owns the buckets {@code w, w + W, w + 2 W, ...}: the number of workers decides
 * who trains a bucket, and not what is in it. The last global batch lacks the last buckets, in equal parts for all
 * workers, give or take one.
 */
public final class EpochPlan {
    private final long seed;
    private final int epoch;
    private final WorkerLayout layout;
    private final int batchSize;
    private final Shuffle shuffle;
    private final WorkerLayout.Dealer dealer;
    /** Only under {@link Shuffle.Order#CANONICAL}. */
    private final Optional<BucketOrder> buckets;

    /**
     * @param seed the run's seed
     * @param epoch from 0
     * @param layout says which worker owns which example
     * @param batchSize examples per worker and step, at least 1
     * @param shuffle says in which order a worker goes through its examples
     * @throws InvalidValueException if the batch size is below 1
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
        this.buckets = shuffle.order() == Shuffle.Order.CANONICAL ? Optional.of(bucketOrder()) : Optional.empty();
    }

    /** A bucket is what a worker would own if there were one for every example of a global batch. */
    private BucketOrder bucketOrder() {
        WorkerLayout layoutOfBuckets = layout.withWorkers(Math.multiplyExact(layout.workers(), batchSize));
        return new BucketOrder(layoutOfBuckets, shuffle.kind() == Shuffle.Kind.GLOBAL, this::random);
    }

    /** The number of the epoch, from 0. */
    public int epoch() {
        return epoch;
    }

    /** The number of steps in the epoch: as many as the worker with the most examples takes. */
    public int steps() {
        return Math.toIntExact((layout.largestSize() + batchSize - 1) / batchSize);
    }

    /** The number of ids in a worker's batch: the batch size, less in its last batch, and 0 in steps that follow. */
    public int batchSize(int worker, int step) {
        return (int) Math.max(0, Math.min(batchSize, layout.size(worker) - (long) step * batchSize));
    }

    /**
     * Lists the ids of one worker's batch, those of rejected images among them.
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
        return buckets.map(order -> canonical(worker, order)).orElseGet(() -> perWorker(worker, shard));
    }

    private LongUnaryOperator canonical(int worker, BucketOrder order) {
        return position -> {
            int bucket = (int) (position % batchSize) * layout.workers() + worker;
            return order.idAt(bucket, position / batchSize);
        };
    }

    private LongUnaryOperator perWorker(int worker, WorkerShard shard) {
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
                // If all images are rejected, the order of ids counts them as such.
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

    /** A stream of the epoch's for a worker or a bucket. */
    private CounterRandom random(int owner, long... more) {
        LongStream coordinates = LongStream.concat(LongStream.of(epoch, owner), LongStream.of(more));
        return CounterRandom.of(seed, CounterRandom.Purpose.EPOCH_ORDER, coordinates.toArray());
    }
}
