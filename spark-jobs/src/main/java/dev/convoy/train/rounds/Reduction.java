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
import java.util.Map;
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
record Reduction(int length, int workers, long directBytes) {
    private static final ClassTag<byte[]> BYTES = ClassTag$.MODULE$.apply(byte[].class);

    /** The most that the driver takes in a round without help. */
    static final long DIRECT_BYTES = 256L << 20;

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
     * @param target holds the sum afterwards, which is not copied
     * @throws dev.convoy.train.transport.BlockLostException or a failure that it is behind, if a contribution went with its
     *     executor
     */
    Contribution sum(
            JavaRDD<byte[]> chunks,
            Function2<TaskContext, Iterator<byte[]>, byte[]> task,
            StateBroadcast home,
            float[] target) {
        List<Contribution> byRank = run(chunks, task).map(Contribution::read).toList();
        return isSliced() ? sumOnExecutors(chunks, byRank, home, target) : sumHere(byRank, target);
    }

    /** What tasks bring home, in the order of partitions, which is the order of ranks. */
    private static Stream<byte[]> run(JavaRDD<byte[]> chunks, Function2<TaskContext, Iterator<byte[]>, byte[]> task) {
        return Stream.of((byte[][]) chunks.context().runJob(chunks.rdd(), task, BYTES));
    }

    private Contribution sumHere(List<Contribution> byRank, float[] target) {
        return inBlocks(byRank, target, (block, values, from) -> Contribution.sumBlock(byRank, block, values, from));
    }

    /** Puts the sum's blocks where they belong, as many at a time as there are cores. */
    private Contribution inBlocks(List<Contribution> byRank, float[] target, BlockSource blocks) {
        Contribution sum = Contribution.sum(byRank);
        if (sum.weight() == 0) {
            return sum;
        }
        IntStream.range(0, Payload.blocks(length))
                .parallel()
                .forEach(block -> blocks.get(block, target, block * Payload.BLOCK));
        return sum.withVector(new Payload.Whole(target));
    }

    private interface BlockSource {
        void get(int block, float[] target, int from);
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
     * @param target holds the sum afterwards, which is not copied
     */
    Contribution sumOnTime(
            JavaRDD<byte[]> chunks,
            Function2<TaskContext, Iterator<byte[]>, byte[]> task,
            LatePolicy policy,
            IntFunction<Contribution> late,
            float[] target) {
        Map<Integer, Contribution> arrived = new Arrivals(workers, policy).gather(chunks, task);
        return sumHere(
                IntStream.range(0, workers)
                        .mapToObj(rank -> arrived.containsKey(rank) ? arrived.get(rank) : late.apply(rank))
                        .toList(),
                target);
    }

    /** Every worker's partition takes its share of blocks, and leaves their sums. */
    private Contribution sumOnExecutors(
            JavaRDD<byte[]> chunks, List<Contribution> byRank, StateBroadcast home, float[] target) {
        List<Payload[]> shares = run(chunks, new BlockSums(length, workers, byRank, home))
                .map(bytes -> ObjectBytes.read(bytes, Payload[].class))
                .toList();
        return inBlocks(
                byRank,
                target,
                (block, values, from) -> shares.get(block % workers)[block / workers].get(0, values, from));
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
