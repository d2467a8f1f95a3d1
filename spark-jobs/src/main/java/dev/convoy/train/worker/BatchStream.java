package dev.convoy.train.worker;

import dev.convoy.data.ImageBatch;
import dev.convoy.data.plan.EpochPlan;
import dev.convoy.data.plan.WorkerShard;
import dev.convoy.train.TrainingSpec;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import org.apache.commons.lang3.concurrent.BasicThreadFactory;
import org.apache.commons.lang3.exception.ExceptionUtils;

/**
 * One worker's batches of an epoch, step by step, gathered, decoded and augmented. Threads make a bounded number of them ahead of the
 * step that trains them; what is in a batch does not depend on that. Used by one thread.
 */
public final class BatchStream implements AutoCloseable {
    /** Never more threads at a time than streams have batches ahead. */
    private static final ExecutorService LOADERS = Executors.newCachedThreadPool(new BasicThreadFactory.Builder()
            .namingPattern("convoy-loader-%d")
            .daemon(true)
            .build());

    private final TrainingSpec spec;
    private final EpochPlan plan;
    private final int worker;
    private final WorkerShard shard;
    private final int ahead;
    private final int end;
    private final Deque<Future<ImageBatch>> ready = new ArrayDeque<>();
    /** Step of the first batch in {@link #ready}, or of the next to be made. */
    private int head;

    private long waitedNanos;

    /**
     * @param taskCpus cores of Spark's task
     * @param from the first step that will be asked for
     * @param end behind the last
     */
    public BatchStream(
            TrainingSpec spec, EpochPlan plan, int worker, WorkerShard shard, int taskCpus, int from, int end) {
        this.spec = spec;
        this.plan = plan;
        this.worker = worker;
        this.shard = shard;
        this.ahead = spec.loading().threads(taskCpus);
        this.head = from;
        this.end = end;
        fill();
    }

    EpochPlan plan() {
        return plan;
    }

    int worker() {
        return worker;
    }

    /**
     * Takes the batch of a step out of the stream, and lets the next ones be made.
     *
     * @param step not before one that was asked for already
     * @return without the images that were rejected; empty if the plan has none for this worker
     */
    Optional<ImageBatch> at(int step) {
        if (plan.batchSize(worker, step) == 0) {
            return Optional.empty();
        }
        long began = System.nanoTime();
        try {
            for (; head < step; head++) {
                drop();
            }
            Future<ImageBatch> next = ready.poll();
            head++;
            fill();
            return Optional.of(next == null ? make(step) : next.get());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CancellationException("The task was interrupted");
        } catch (ExecutionException e) {
            return ExceptionUtils.rethrow(e.getCause());
        } finally {
            waitedNanos += System.nanoTime() - began;
        }
    }

    private void fill() {
        while (ready.size() < ahead && head + ready.size() < end && plan.batchSize(worker, head + ready.size()) > 0) {
            int step = head + ready.size();
            FutureTask<ImageBatch> task = new FutureTask<>(() -> make(step));
            LOADERS.execute(task);
            ready.add(task);
        }
    }

    private void drop() {
        Future<ImageBatch> next = ready.poll();
        if (next != null) {
            next.cancel(false);
        }
    }

    private ImageBatch make(int step) {
        long[] ids = plan.batch(worker, step, shard);
        return spec.loading().gather(shard, ids, spec.seed(), plan.epoch(), (long) step * spec.batchSize());
    }

    /** Time that {@link #at} has taken so far: for batches to be made, or to be waited for. */
    double waitedSeconds() {
        return waitedNanos / 1e9;
    }

    /** Gives up what nobody will ask for. */
    @Override
    public void close() {
        while (!ready.isEmpty()) {
            drop();
        }
    }
}
