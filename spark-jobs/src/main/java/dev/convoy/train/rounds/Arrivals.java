package dev.convoy.train.rounds;

import dev.convoy.data.ConvoyException;
import dev.convoy.train.sync.LatePolicy;
import dev.convoy.train.transport.Payload;
import dev.convoy.train.transport.StateBlocks;
import java.io.Serializable;
import java.nio.FloatBuffer;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.commons.lang3.concurrent.BasicThreadFactory;
import org.apache.commons.lang3.exception.ExceptionUtils;
import org.apache.spark.SimpleFutureAction;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaRDD;
import scala.Function1;
import scala.Function2;
import scala.collection.Iterator;
import scala.collection.JavaConverters;
import scala.concurrent.ExecutionContext$;
import scala.runtime.BoxedUnit;

/**
 * The contributions of one round as they come to the driver, until the round has waited long enough for the others. Each is fetched at
 * once, and added along a binary tree over ranks: whoever brings the second half of a node's sum adds them. So the bits depend on
 * nothing but ranks, and what the last one leaves to do is little. Used once.
 */
final class Arrivals {
    /** They may wait for executors that hang, whose workers are late then; rounds do not wait for them. */
    private static final ExecutorService MANY_READERS = Executors.newCachedThreadPool(threads());

    private final List<CompletableFuture<Contribution>> byRank;
    private final CompletableFuture<Contribution> sum;
    private final LatePolicy policy;
    private final VectorPool memory;
    private final ExecutorService readers;
    private final CompletableFuture<Void> quorum = new CompletableFuture<>();
    /** When all have come, or one has failed. */
    private final CompletableFuture<Void> ended = new CompletableFuture<>();

    private final boolean[] come;
    private int count;
    private boolean closed;

    /**
     * @param memory of vectors that are fetched
     * @param fewReaders that are enough where all workers are waited for
     */
    Arrivals(int workers, LatePolicy policy, VectorPool memory, ExecutorService fewReaders) {
        this.byRank = Stream.generate(CompletableFuture<Contribution>::new)
                .limit(workers)
                .toList();
        this.sum = tree(byRank);
        this.policy = policy;
        this.memory = memory;
        this.readers = policy.waitsForAll() ? fewReaders : MANY_READERS;
        this.come = new boolean[workers];
    }

    /** As many as there are cores, and four at least, since they wait for lines more than for processors; idle ones end. */
    static ExecutorService fewReaders() {
        int count = Math.max(4, Runtime.getRuntime().availableProcessors());
        ThreadPoolExecutor readers =
                new ThreadPoolExecutor(count, count, 1, TimeUnit.MINUTES, new LinkedBlockingQueue<>(), threads());
        readers.allowCoreThreadTimeOut(true);
        return readers;
    }

    private static ThreadFactory threads() {
        return new BasicThreadFactory.Builder()
                .namingPattern("convoy-arrivals-%d")
                .daemon(true)
                .build();
    }

    private CompletableFuture<Contribution> tree(List<CompletableFuture<Contribution>> ranks) {
        int half = ranks.size() / 2;
        return half == 0
                ? ranks.get(0)
                : tree(ranks.subList(0, half)).thenCombine(tree(ranks.subList(half, ranks.size())), this::plus);
    }

    /** Adds one to another, where that lies; one of no weight is passed over. */
    private Contribution plus(Contribution left, Contribution right) {
        Contribution both = left.plus(right);
        if (left.weight() == 0 || right.weight() == 0) {
            return both.withVector(left.weight() == 0 ? right.vector() : left.vector());
        }
        float[] target = left.vector().values();
        float[] values = right.vector().values();
        IntStream.range(0, Payload.blocks(target.length)).parallel().forEach(block -> {
            int from = block * Payload.BLOCK;
            Payload.sum(target, from, values, from, Payload.blockLength(target.length, block));
        });
        memory.giveBack(values);
        return both.withVector(left.vector());
    }

    /** A task as Spark takes it where results are heard of one by one. */
    private record Unbound(Function2<TaskContext, Iterator<byte[]>, byte[]> task)
            implements Function1<Iterator<byte[]>, byte[]>, Serializable {
        @Override
        public byte[] apply(Iterator<byte[]> chunks) {
            return task.apply(TaskContext.get(), chunks);
        }
    }

    /**
     * Runs the job, and cancels it once the round goes on without the tasks that are left; whatever they still bring
     * is not looked at.
     *
     * @param late stands in for a rank that has not come in time
     * @return the sum of what has come
     * @throws dev.convoy.train.transport.BlockLostException if a contribution went with its executor
     */
    Contribution sum(
            JavaRDD<byte[]> chunks,
            Function2<TaskContext, Iterator<byte[]>, byte[]> task,
            IntFunction<Contribution> late) {
        SimpleFutureAction<Void> job = chunks.context()
                .submitJob(
                        chunks.rdd(),
                        new Unbound(task),
                        JavaConverters.collectionAsScalaIterable(partitions(chunks))
                                .toSeq(),
                        (rank, message) -> {
                            readers.execute(() -> arrive((Integer) rank, message));
                            return BoxedUnit.UNIT;
                        },
                        () -> null);
        job.onComplete(
                result -> result.isFailure()
                        && ended.completeExceptionally(result.failed().get()),
                ExecutionContext$.MODULE$.fromExecutor(Runnable::run));
        try {
            awaitEnd(job);
            close().forEach(rank -> byRank.get(rank).complete(late.apply(rank)));
            return sum.get();
        } catch (InterruptedException e) {
            job.cancel();
            Thread.currentThread().interrupt();
            throw new ConvoyException("Cannot go on: training was interrupted", e);
        } catch (ExecutionException e) {
            // Of a contribution that is lost Spark knows nothing.
            job.cancel();
            return ExceptionUtils.rethrow(e.getCause());
        } finally {
            close();
        }
    }

    /** Waits for all, or as long as the policy says. */
    private void awaitEnd(SimpleFutureAction<Void> job) throws InterruptedException, ExecutionException {
        CompletableFuture.anyOf(quorum, ended).get();
        try {
            ended.get(policy.roundTimeout().toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            job.cancel();
        }
    }

    private static List<Object> partitions(JavaRDD<byte[]> chunks) {
        return IntStream.range(0, chunks.getNumPartitions())
                .<Object>mapToObj(rank -> rank)
                .toList();
    }

    private void arrive(int rank, byte[] message) {
        if (isClosed()) {
            return;
        }
        try {
            Contribution told = Contribution.read(message);
            Contribution contribution = told.weight() == 0
                    ? told
                    : told.withVector(new Payload.Whole(told.vector().take(this::copied)));
            if (hasCome(rank)) {
                byRank.get(rank).complete(contribution);
                conclude();
            } else if (contribution.weight() > 0) {
                memory.giveBack(contribution.vector().values());
            }
        } catch (Throwable e) {
            // Memory may be short as well. After the end of a round nobody hears of it.
            ended.completeExceptionally(e);
            sum.completeExceptionally(e);
        }
    }

    /** By several threads, but not where they would wait for an executor that hangs, and nobody for this worker. */
    private float[] copied(Payload vector) {
        float[] values = memory.lend();
        if (policy.waitsForAll()) {
            StateBlocks.read(List.of(new StateBlocks.Part(vector, 0, FloatBuffer.wrap(values))));
        } else {
            vector.get(0, FloatBuffer.wrap(values));
        }
        return values;
    }

    private synchronized boolean isClosed() {
        return closed;
    }

    /** Whether it has come in time. */
    private synchronized boolean hasCome(int rank) {
        if (!closed) {
            come[rank] = true;
            count++;
        }
        return !closed;
    }

    private synchronized void conclude() {
        if (count >= policy.needed(come.length)) {
            quorum.complete(null);
        }
        if (count == come.length) {
            ended.complete(null);
        }
    }

    /** Looks at nobody any more; those who have not come. */
    private synchronized List<Integer> close() {
        closed = true;
        return IntStream.range(0, come.length)
                .filter(rank -> !come[rank])
                .boxed()
                .toList();
    }
}
