package dev.convoy.train.rounds;

import dev.convoy.train.sync.LatePolicy;
import java.io.Serializable;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.IntStream;
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
 * The contributions of one round as they come to the driver, until the round has waited long enough for the others.
 * Used once.
 */
final class Arrivals {
    /** They wait for executors that hang, whose workers are late then; rounds do not wait for them. */
    private static final ExecutorService READERS = Executors.newCachedThreadPool(new BasicThreadFactory.Builder()
            .namingPattern("convoy-arrivals-%d")
            .daemon(true)
            .build());

    private final Map<Integer, Contribution> byRank = new TreeMap<>();
    private final int workers;
    private final int needed;
    private final LatePolicy policy;
    private final CompletableFuture<Void> quorum = new CompletableFuture<>();
    private final CompletableFuture<Void> ended = new CompletableFuture<>();

    Arrivals(int workers, LatePolicy policy) {
        this.workers = workers;
        this.needed = policy.needed(workers);
        this.policy = policy;
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
     * @return what has come, by rank, with its vectors
     * @throws dev.convoy.train.transport.BlockLostException if a contribution went with its executor
     */
    Map<Integer, Contribution> gather(JavaRDD<byte[]> chunks, Function2<TaskContext, Iterator<byte[]>, byte[]> task) {
        SimpleFutureAction<Void> job = chunks.context()
                .submitJob(
                        chunks.rdd(),
                        new Unbound(task),
                        JavaConverters.collectionAsScalaIterable(partitions(chunks))
                                .toSeq(),
                        (rank, message) -> {
                            READERS.execute(() -> arrive((Integer) rank, message));
                            return BoxedUnit.UNIT;
                        },
                        () -> null);
        job.onComplete(
                result -> result.isFailure()
                        && ended.completeExceptionally(result.failed().get()),
                ExecutionContext$.MODULE$.fromExecutor(Runnable::run));
        try {
            CompletableFuture.anyOf(quorum, ended).get();
            ended.get(policy.roundTimeout().toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            job.cancel();
        } catch (InterruptedException e) {
            job.cancel();
            Thread.currentThread().interrupt();
            throw new IllegalStateException("The round was interrupted", e);
        } catch (ExecutionException e) {
            return ExceptionUtils.rethrow(e.getCause());
        }
        return arrived();
    }

    private static List<Object> partitions(JavaRDD<byte[]> chunks) {
        return IntStream.range(0, chunks.getNumPartitions())
                .<Object>mapToObj(rank -> rank)
                .toList();
    }

    private void arrive(int rank, byte[] message) {
        try {
            add(rank, Contribution.read(message).fetched());
        } catch (RuntimeException e) {
            // After the end of a round nobody hears of it.
            ended.completeExceptionally(e);
        }
    }

    private synchronized void add(int rank, Contribution contribution) {
        byRank.put(rank, contribution);
        if (byRank.size() == needed) {
            quorum.complete(null);
        }
        if (byRank.size() == workers) {
            ended.complete(null);
        }
    }

    private synchronized Map<Integer, Contribution> arrived() {
        return new TreeMap<>(byRank);
    }
}
