package dev.convoy.collective;

import dev.convoy.collective.Collective.Shape;
import dev.convoy.collective.SharedMemory.Counter;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadFactory;
import java.util.stream.IntStream;
import org.apache.commons.lang3.concurrent.BasicThreadFactory;
import org.bytedeco.javacpp.PointerScope;

/**
 * Sums the beginning of a vector while it is still being filled, bucket by bucket, from its end to its start, which is how gradients
 * come. Members add buckets in turn, each a whole one for all; a thread of the first member's sums them over the groups. The
 * idea is that of PyTorch's DDP (Li et al., "PyTorch Distributed: Experiences on Accelerating Data Parallel Training", 2020).
 */
final class Buckets implements AutoCloseable {
    /** Floats: a mebibyte. Less makes more messages, more begins later. */
    private static final int SIZE = 1 << 18;

    private static final ThreadFactory THREADS = new BasicThreadFactory.Builder()
            .namingPattern("convoy-exchange-%d")
            .daemon(true)
            .build();

    private final Shape shape;
    private final SharedMemory memory;
    private final GroupVectors group;
    private final int member;
    private final ProcessGroup link;
    private final int length;
    private final int count;
    private final ExecutorService thread;

    /** Buckets of earlier sums. */
    private long before;
    /** Of this sum, those that this member has filled. */
    private int filled;
    /** The next that this member is to add. */
    private int next;

    private CompletableFuture<Void> exchange;

    /** Whether a vector that comes early up to there is more than one bucket. */
    static boolean suit(int length) {
        return length > SIZE;
    }

    /**
     * @param shape whose slot behind the last one has each rank's weight, before it offers anything
     * @param link to the other groups; null on members that do not exchange with them
     */
    Buckets(Shape shape, SharedMemory memory, GroupVectors group, int member, ProcessGroup link) {
        this.shape = shape;
        this.memory = memory;
        this.group = group;
        this.member = member;
        this.link = link;
        this.length = shape.early();
        this.count = (length + SIZE - 1) / SIZE;
        this.next = member;
        this.thread = link == null ? null : Executors.newSingleThreadExecutor(THREADS);
    }

    private int start(int bucket) {
        return (int) Math.max(0, length - (bucket + 1L) * SIZE);
    }

    /** Whether nothing was offered since the last sum. */
    boolean isEmpty() {
        return filled == 0;
    }

    /** Takes what lies in this member's vector from there on; goes on at once. */
    void submit(int from) {
        int ready = from == 0 ? count : (length - from) / SIZE;
        if (ready <= filled) {
            return;
        }
        if (exchange == null && link != null) {
            exchange = CompletableFuture.runAsync(this::exchangeAll, thread);
        }
        filled = ready;
        memory.publish(Counter.FILLED, before + filled);
        while (next < filled && everybodyFilled(next)) {
            addNext();
        }
    }

    /** Once all of it is offered, waits until everybody's is, and adds what is left of this member's share. */
    void complete() {
        while (next < count) {
            for (int other = 0; other < group.members(); other++) {
                memory.await(Counter.FILLED, other, before + next + 1);
            }
            addNext();
        }
    }

    private boolean everybodyFilled(int bucket) {
        return IntStream.range(0, group.members())
                .allMatch(other -> memory.hasReached(Counter.FILLED, other, before + bucket + 1));
    }

    private void addNext() {
        group.add(start(next), sizeOf(next), shape.slots());
        memory.publish(Counter.ADDED, before + next + 1);
        next += group.members();
    }

    private int sizeOf(int bucket) {
        return length - bucket * SIZE - start(bucket);
    }

    /** On its own thread. */
    private void exchangeAll() {
        for (int bucket = 0; bucket < count; bucket++) {
            memory.awaitWithoutSpinning(Counter.ADDED, bucket % group.members(), before + bucket + 1);
            try (PointerScope scope = new PointerScope()) {
                link.sum(group.total(start(bucket), sizeOf(bucket)), shape.compression());
            }
        }
    }

    /** Ends a sum; on the member that exchanges it waits until that is done. */
    void end() {
        try {
            if (exchange != null) {
                exchange.join();
            }
        } catch (CompletionException e) {
            throw e.getCause() instanceof PeerLostException lost ? lost : e;
        }
        exchange = null;
        before += count;
        filled = 0;
        next = member;
    }

    /** Waits until the thread touches nothing any more; whatever it waits for itself has a bound, or was abandoned. */
    @Override
    public void close() {
        if (exchange != null) {
            exchange.handle((done, error) -> null).join();
        }
        if (thread != null) {
            thread.shutdown();
        }
    }
}
