package dev.convoy.train.rounds;

import dev.convoy.collective.Compression;
import dev.convoy.data.ConvoyException;
import dev.convoy.data.ObjectBytes;
import dev.convoy.train.sync.LatePolicy;
import dev.convoy.train.transport.Payload;
import dev.convoy.train.transport.StateBroadcast;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaRDD;
import scala.Function2;
import scala.collection.Iterator;
import scala.reflect.ClassTag;
import scala.reflect.ClassTag$;

/**
 * Sums the contributions of a round by rank. Few and small ones come to the driver as they are. Beyond {@link #DIRECT_BYTES}
 * executors sum blocks of them, each along the same tree, so that the driver receives one vector however many workers there
 * are. Both give the same bits.
 */
final class Reduction {
    private static final ClassTag<byte[]> BYTES = ClassTag$.MODULE$.apply(byte[].class);

    /** The most that the driver takes in a round without help. */
    static final long DIRECT_BYTES = 256L << 20;

    private final int length;
    private final int workers;
    private final long directBytes;
    private final VectorPool memory;
    private final ExecutorService readers = Arrivals.fewReaders();

    /**
     * @param length of a contribution's vector
     * @param directBytes the most that the driver takes
     */
    Reduction(int length, int workers, long directBytes) {
        this.length = length;
        this.workers = workers;
        this.directBytes = directBytes;
        this.memory = new VectorPool(length);
    }

    /**
     * @param local whether tasks run in this process, where nothing travels
     */
    static Reduction of(int length, int workers, boolean local) {
        return new Reduction(length, workers, local ? Long.MAX_VALUE : DIRECT_BYTES);
    }

    /**
     * Runs the job.
     *
     * @param chunks partition {@code w} holds those of worker {@code w}
     * @param task makes a worker's contribution, in bytes
     * @param home where tasks leave vectors
     * @return the sum, until it is {@linkplain #release given back}
     * @throws dev.convoy.train.transport.BlockLostException or a failure that it is behind, if a contribution went with its
     *     executor
     */
    Contribution sum(
            JavaRDD<byte[]> chunks, Function2<TaskContext, Iterator<byte[]>, byte[]> task, StateBroadcast home) {
        return isSliced()
                ? sumOnExecutors(chunks, task, home)
                : sumOnTime(chunks, task, LatePolicy.WAIT_FOR_ALL, rank -> {
                    throw new IllegalStateException("Rank " + rank + " is waited for");
                });
    }

    /** Takes the memory of a sum that nobody reads any more. */
    void release(Contribution sum) {
        if (sum.weight() > 0) {
            memory.giveBack(sum.vector().values());
        }
    }

    /** What tasks bring home, in the order of partitions, which is the order of ranks. */
    private static Stream<byte[]> run(JavaRDD<byte[]> chunks, Function2<TaskContext, Iterator<byte[]>, byte[]> task) {
        return Stream.of((byte[][]) chunks.context().runJob(chunks.rdd(), task, BYTES));
    }

    private boolean isSliced() {
        return (long) length * Float.BYTES * workers > directBytes;
    }

    /**
     * Fails unless contributions come to the driver one by one, as {@link #sumOnTime} needs them.
     *
     * @throws ConvoyException if executors sum, so that the driver never sees the contribution of a single worker
     */
    void requireDirect() {
        if (isSliced()) {
            throw new ConvoyException("Cannot let rounds go on without slow workers: " + workers + " contributions of "
                    + ((long) length * Float.BYTES >> 20) + " MiB come to more than the " + (directBytes >> 20)
                    + " MiB that the driver takes one by one; wait for all workers, or train with fewer, or a smaller"
                    + " network");
        }
    }

    /**
     * Runs the job, but waits for its slow tasks only as long as the policy says.
     *
     * @param late stands in for a rank that has not come in time
     * @return the sum, until it is {@linkplain #release given back}
     */
    Contribution sumOnTime(
            JavaRDD<byte[]> chunks,
            Function2<TaskContext, Iterator<byte[]>, byte[]> task,
            LatePolicy policy,
            IntFunction<Contribution> late) {
        return new Arrivals(workers, policy, memory, readers).sum(chunks, task, late);
    }

    /** Every worker's partition takes its share of blocks, and leaves their sums; they come as many at a time as there are cores. */
    private Contribution sumOnExecutors(
            JavaRDD<byte[]> chunks, Function2<TaskContext, Iterator<byte[]>, byte[]> task, StateBroadcast home) {
        List<Contribution> byRank = run(chunks, task).map(Contribution::read).toList();
        Contribution sum = Contribution.sum(byRank);
        if (sum.weight() == 0) {
            return sum;
        }
        List<Payload[]> shares = run(chunks, new BlockSums(length, workers, byRank, home))
                .map(bytes -> ObjectBytes.read(bytes, Payload[].class))
                .toList();
        float[] target = memory.lend();
        IntStream.range(0, Payload.blocks(length))
                .parallel()
                .forEach(block -> shares.get(block % workers)[block / workers].get(0, target, block * Payload.BLOCK));
        return sum.withVector(new Payload.Whole(target));
    }

    /** Sums blocks that a task's partition has a share in: of {@code w}, those that leave {@code w} when divided by their number. */
    private record BlockSums(int length, int workers, List<Contribution> byRank, StateBroadcast home)
            implements Function2<TaskContext, Iterator<byte[]>, byte[]>, Serializable {
        @Override
        public byte[] apply(TaskContext task, Iterator<byte[]> chunks) {
            List<Payload> sums = new ArrayList<>();
            for (int block = task.partitionId(); block < Payload.blocks(length); block += workers) {
                float[] sum = new float[Payload.blockLength(length, block)];
                Contribution.sumBlock(byRank, block, sum, 0);
                sums.add(home.keep("sum_" + block + "_" + task.taskAttemptId(), sum, Compression.NONE));
            }
            return ObjectBytes.write(sums.toArray(Payload[]::new));
        }
    }
}
