package dev.convoy.report;

import dev.convoy.storage.Interruption;
import java.io.Closeable;
import java.time.Duration;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Calls somebody on a thread of its own, in order, so that the caller never waits: what does not fit into the queue is dropped, and whoever
 * throws is named in the log and not called again. Whoever can be closed is, after the last call.
 *
 * @param <T> who is called
 */
final class Relay<T> implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Relay.class);

    /** Calls that may wait. */
    private static final int CAPACITY = 4096;
    /** Of these, for what must not be missed. */
    private static final int RESERVED = 512;
    /** Waiting calls at which whoever is called keeps up. */
    private static final int FEW = 16;

    /** How long the end waits for calls that have not been made yet. */
    static final Duration PATIENCE = Duration.ofSeconds(10);

    /** A call. */
    @FunctionalInterface
    interface Call<T> {
        void to(T target) throws Exception;
    }

    private final T target;
    private final Duration patience;
    private final BlockingQueue<Call<? super T>> calls = new ArrayBlockingQueue<>(CAPACITY);
    private final AtomicLong dropped = new AtomicLong();
    private final Thread thread;
    private volatile boolean ended;

    Relay(T target) {
        this(target, PATIENCE);
    }

    Relay(T target, Duration patience) {
        this.target = target;
        this.patience = patience;
        this.thread = new Thread(this::work, "convoy-" + name());
        thread.setDaemon(true);
        thread.start();
    }

    private String name() {
        return target.getClass().getSimpleName();
    }

    /** Has a call made soon; the first that is dropped if whoever is called does not keep up. */
    void tell(Call<? super T> call) {
        if (calls.remainingCapacity() > RESERVED) {
            tellSurely(call);
        } else if (!ended) {
            dropped.incrementAndGet();
        }
    }

    /** Has a call made soon that should not be missed. */
    void tellSurely(Call<? super T> call) {
        if (!ended && !calls.offer(call)) {
            dropped.incrementAndGet();
        }
    }

    /** Has a call made soon that holds much memory while it waits; not made unless whoever is called keeps up. */
    void tellIfQuick(Call<? super T> call) {
        if (calls.size() < FEW) {
            tellSurely(call);
        }
    }

    private void work() {
        try (Closeable last = closing()) {
            while (!ended || !calls.isEmpty()) {
                Call<? super T> next = calls.poll(50, TimeUnit.MILLISECONDS);
                if (next != null) {
                    next.to(target);
                }
            }
        } catch (Throwable e) {
            // Whatever it is, training goes on.
            LOG.warn("{} has failed and is told no more of this run; training goes on: {}", name(), e.toString(), e);
        } finally {
            ended = true;
            calls.clear();
        }
    }

    private Closeable closing() {
        return target instanceof Closeable closeable ? closeable : () -> {};
    }

    /** Makes the calls that wait, as long as that does not take too long. */
    @Override
    public void close() {
        ended = true;
        try (Interruption pause = Interruption.outlast()) {
            thread.join(patience.toMillis());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        if (thread.isAlive()) {
            LOG.warn("{} hangs, and is left alone with {} things that it was to be told", name(), calls.size());
            calls.clear();
            thread.interrupt();
        }
        if (dropped.get() > 0) {
            LOG.warn("{} was too slow, and was not told of {} things", name(), dropped.get());
        }
    }
}
