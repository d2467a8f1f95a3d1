package dev.convoy.collective;

import dev.convoy.collective.SharedMemory.Counter;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadFactory;
import java.util.stream.IntStream;
import org.apache.commons.lang3.concurrent.BasicThreadFactory;
import org.bytedeco.javacpp.PointerScope;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sums the early part of a vector bucket by bucket while ranks still fill it. Bucket 0 is the end of the early part,
 * the last bucket its beginning, since gradients come from the last layer to the first. The members of a group reduce
 * buckets in turn, each a whole one for all ranks. A thread of the group's leader all-reduces reduced buckets between
 * groups, in the order of buckets. The idea is that of PyTorch's DDP (Li et al., "PyTorch Distributed: Experiences on
 * Accelerating Data Parallel Training", 2020).
 *
 * <p>Example: of 700,000 early floats, bucket 0 begins at 437,856, bucket 1 at 175,712 and bucket 2 at 0. Two members
 * with a rank each are a group.
 *
 * <ol>
 *   <li>Both {@link #submit} from 500,000 on: no bucket is full.
 *   <li>Both submit from 400,000 on, and publish that 1 bucket is full. Who comes second sees that; if it is the first member,
 *       it reduces bucket 0 and publishes this, otherwise the first member does so as soon as it submits again.
 *   <li>The leader's thread sees that bucket 0 is reduced, and all-reduces it. Both ranks compute on.
 *   <li>Both submit from 0 on; the second member is to reduce bucket 1, the first bucket 2.
 *   <li>{@link #reduceRest} reduces what nobody has reduced yet, and {@link #awaitExchange} waits for the thread.
 * </ol>
 */
final class Buckets implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Buckets.class);

    /** Floats in a bucket, a mebibyte. Smaller buckets would make more messages, larger ones begin later. */
    private static final int SIZE = 1 << 18;

    private static final ThreadFactory THREADS = new BasicThreadFactory.Builder()
            .namingPattern("convoy-exchange-%d")
            .daemon(true)
            .build();

    private final CollectiveShape shape;
    private final SharedMemory memory;
    private final GroupVectors vectors;
    private final int place;
    private final int members;
    private final Optional<ProcessGroup> leaders;
    private final int length;
    private final int count;
    private final ExecutorService exchangeThread = Executors.newSingleThreadExecutor(THREADS);

    /** Buckets of all earlier sums; counters in shared memory begin with them. */
    private long earlierBuckets;
    /** Buckets of this sum that this member has filled. */
    private int filled;
    /** The bucket of this sum that this member reduces next. */
    private int next;

    private CompletableFuture<Void> exchange = CompletableFuture.completedFuture(null);

    /**
     * Whether an early part of so many floats is more than one bucket; otherwise nothing could go ahead of anything.
     */
    static boolean suit(int length) {
        return length > SIZE;
    }

    /**
     * Makes the buckets of {@link CollectiveShape#early} floats.
     *
     * @param communicator this rank's, which must stay open until this is closed
     * @param vectors of this rank's group
     */
    Buckets(CollectiveShape shape, Communicator communicator, GroupVectors vectors) {
        this.shape = shape;
        this.memory = communicator.memory();
        this.vectors = vectors;
        this.place = communicator.place();
        this.members = communicator.groupSize();
        this.leaders = communicator.leaders();
        this.length = shape.early();
        this.count = (length + SIZE - 1) / SIZE;
        this.next = place;
    }

    private int offset(int bucket) {
        return (int) Math.max(0, length - (bucket + 1L) * SIZE);
    }

    private int size(int bucket) {
        return length - bucket * SIZE - offset(bucket);
    }

    /** Whether this member has filled no bucket of this sum. */
    boolean isEmpty() {
        return filled == 0;
    }

    /**
     * Takes the vectors of this member's ranks from an offset on, and returns without waiting for others. Their slots
     * {@link CollectiveShape#announcedWeight} must be set.
     */
    void submit(int offset) {
        int full = offset == 0 ? count : (length - offset) / SIZE;
        if (full <= filled) {
            return;
        }
        if (filled == 0) {
            leaders.ifPresent(group -> exchange = CompletableFuture.runAsync(() -> exchange(group), exchangeThread));
        }
        filled = full;
        memory.publish(Counter.FILLED, earlierBuckets + filled);
        while (next < filled && isFilledByAll(next)) {
            reduceNext();
        }
    }

    private boolean isFilledByAll(int bucket) {
        return IntStream.range(0, members)
                .allMatch(other -> memory.hasReached(Counter.FILLED, other, earlierBuckets + bucket + 1));
    }

    /**
     * Reduces the rest of the buckets that are this member's to reduce, each when all members of the group have filled
     * it.
     */
    void reduceRest() {
        while (next < count) {
            for (int other = 0; other < members; other++) {
                memory.await(Counter.FILLED, other, earlierBuckets + next + 1);
            }
            reduceNext();
        }
    }

    private void reduceNext() {
        vectors.reduce(offset(next), size(next), shape.announcedWeight());
        memory.publish(Counter.REDUCED, earlierBuckets + next + 1);
        next += members;
    }

    /** Runs on the leader's {@link #exchangeThread}. */
    private void exchange(ProcessGroup group) {
        Deque<ProcessGroup.PendingSum> sums = new ArrayDeque<>();
        try (PointerScope scope = new PointerScope()) {
            try {
                for (int bucket = 0; bucket < count; bucket++) {
                    memory.awaitWithoutSpinning(Counter.REDUCED, bucket % members, earlierBuckets + bucket + 1);
                    if (sums.size() == ProcessGroup.AT_ONCE) {
                        sums.remove().await();
                    }
                    sums.add(group.begin(vectors.tensor(offset(bucket), size(bucket)), shape.compression()));
                }
                while (!sums.isEmpty()) {
                    sums.remove().await();
                }
            } finally {
                sums.forEach(Buckets::awaitEnd);
            }
        }
    }

    /** The memory must not go while a sum uses it. */
    private static void awaitEnd(ProcessGroup.PendingSum sum) {
        try {
            sum.await();
        } catch (PeerLostException e) {
            LOG.debug("Another sum failed before", e);
        }
    }

    /**
     * Ends this sum; on the leader it waits until the exchange is done.
     *
     * @throws PeerLostException if the exchange failed
     */
    void awaitExchange() {
        try {
            exchange.join();
        } catch (CompletionException e) {
            throw e.getCause() instanceof PeerLostException lost ? lost : e;
        }
        exchange = CompletableFuture.completedFuture(null);
        earlierBuckets += count;
        filled = 0;
        next = place;
    }

    /**
     * Waits until the thread has ended, which it does in time, since all that it waits for has a timeout or was
     * abandoned.
     */
    @Override
    public void close() {
        exchange.handle((done, failure) -> null).join();
        exchangeThread.shutdown();
    }
}
