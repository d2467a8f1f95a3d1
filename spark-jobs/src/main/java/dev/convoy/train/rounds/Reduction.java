package dev.convoy.train.rounds;

import dev.convoy.data.ConvoyException;
import dev.convoy.train.sync.LatePolicy;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.apache.spark.HashPartitioner;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaRDD;
import scala.Function2;
import scala.Tuple2;
import scala.collection.Iterator;
import scala.collection.JavaConverters;
import scala.reflect.ClassTag;
import scala.reflect.ClassTag$;

/**
 * Sums the contributions of a round by rank. Few and small ones come to the driver as they are. Beyond {@link #DIRECT_BYTES}
 * executors sum slices of them, each along the same tree, so that the driver receives one vector however many workers there
 * are. Both give the same bits.
 */
record Reduction(int length, int workers, long directBytes, int sliceLength) implements Serializable {
    private static final ClassTag<byte[][]> MESSAGE = ClassTag$.MODULE$.apply(byte[][].class);

    /** The most that the driver takes in a round without help. */
    static final long DIRECT_BYTES = 256L << 20;
    /** Floats in a slice: 4 MiB. */
    static final int SLICE = 1 << 20;

    /**
     * @param local whether tasks run in this process, where nothing travels
     */
    static Reduction of(int length, int workers, boolean local) {
        return new Reduction(length, workers, local ? Long.MAX_VALUE : DIRECT_BYTES, SLICE);
    }

    /**
     * Runs the job.
     *
     * @param chunks partition {@code w} holds those of worker {@code w}
     * @param task makes a worker's contribution, as a message
     */
    Contribution sum(JavaRDD<byte[]> chunks, Function2<TaskContext, Iterator<byte[]>, byte[][]> task) {
        if (isSliced()) {
            return sumBySlices(chunks, task);
        }
        // In the order of partitions, which is the order of ranks.
        byte[][][] messages = (byte[][][]) chunks.context().runJob(chunks.rdd(), task, MESSAGE);
        return Contribution.sum(Stream.of(messages).map(Contribution::read).toList());
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
     */
    Contribution sumOnTime(
            JavaRDD<byte[]> chunks,
            Function2<TaskContext, Iterator<byte[]>, byte[][]> task,
            LatePolicy policy,
            IntFunction<Contribution> late) {
        Map<Integer, byte[][]> arrived = new Arrivals(workers, policy).gather(chunks, task);
        return Contribution.sum(IntStream.range(0, workers)
                .mapToObj(rank -> arrived.containsKey(rank) ? Contribution.read(arrived.get(rank)) : late.apply(rank))
                .toList());
    }

    private Contribution sumBySlices(JavaRDD<byte[]> chunks, Function2<TaskContext, Iterator<byte[]>, byte[][]> task) {
        int slices = (length + sliceLength - 1) / sliceLength;
        List<Tuple2<Integer, byte[][]>> sums = new ArrayList<>(chunks.mapPartitionsWithIndex(
                        (rank, partition) -> slices(
                                        rank,
                                        Contribution.read(task.apply(
                                                TaskContext.get(), JavaConverters.asScalaIterator(partition))),
                                        slices)
                                .iterator(),
                        true)
                .mapToPair(slice -> slice)
                .groupByKey(new HashPartitioner(Math.min(slices, workers)))
                .mapValues(byAnyRank -> Contribution.sum(StreamSupport.stream(byAnyRank.spliterator(), false)
                                .sorted(Comparator.comparingInt(Tuple2::_1))
                                .map(ranked -> Contribution.read(ranked._2()))
                                .toList())
                        .write())
                .collect());
        sums.sort(Comparator.comparingInt(Tuple2::_1));
        return join(sums.stream().map(sum -> Contribution.read(sum._2())).toList());
    }

    /** A worker's slices by their index, each with the worker's rank. */
    private List<Tuple2<Integer, Tuple2<Integer, byte[][]>>> slices(int rank, Contribution whole, int slices) {
        return IntStream.range(0, slices)
                .mapToObj(i -> {
                    int end = Math.min(length, (i + 1) * sliceLength);
                    byte[][] slice = whole.slice(i * sliceLength, end).write();
                    return new Tuple2<>(i, new Tuple2<>(rank, slice));
                })
                .toList();
    }

    private Contribution join(List<Contribution> slices) {
        Contribution first = slices.get(0);
        if (first.weight() == 0) {
            return first;
        }
        float[] whole = new float[length];
        for (int i = 0; i < slices.size(); i++) {
            float[] slice = slices.get(i).vector().floats();
            System.arraycopy(slice, 0, whole, i * sliceLength, slice.length);
        }
        return first.withVector(new Payload.Whole(whole));
    }
}
