package dev.convoy.data.plan;

import dev.convoy.data.CounterRandom;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.IntFunction;
import java.util.stream.LongStream;

/** An order of examples in buckets, each of which has an order of its own. Threads may share it. */
final class BucketOrder {
    private final WorkerLayout buckets;
    private final WorkerLayout.Dealer dealer;
    private final boolean shuffled;
    private final IntFunction<CounterRandom> random;
    /** By bucket, its ids in increasing order; only if they are not shuffled. */
    private final Map<Integer, long[]> sorted = new ConcurrentHashMap<>();

    /**
     * @param buckets says which bucket an example is in, in place of a worker
     * @param shuffled whether a bucket's examples come at random, or else by id
     * @param random gives the stream of each bucket
     */
    BucketOrder(WorkerLayout buckets, boolean shuffled, IntFunction<CounterRandom> random) {
        this.buckets = buckets;
        this.dealer = buckets.dealer();
        this.shuffled = shuffled;
        this.random = random;
    }

    /** The id of the example that a bucket gives at this position. */
    long idAt(int bucket, long position) {
        if (!shuffled) {
            return sorted.computeIfAbsent(bucket, this::sort)[(int) position];
        }
        Permutation order = new Permutation(buckets.size(bucket), random.apply(bucket));
        return dealer.idAt(bucket, order.apply(position));
    }

    private long[] sort(int bucket) {
        return LongStream.range(0, buckets.size(bucket))
                .map(slot -> dealer.idAt(bucket, slot))
                .sorted()
                .toArray();
    }
}
