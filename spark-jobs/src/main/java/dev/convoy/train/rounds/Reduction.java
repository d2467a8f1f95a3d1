package dev.convoy.train.rounds;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
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
    private static final ClassTag<Contribution> CONTRIBUTION = ClassTag$.MODULE$.apply(Contribution.class);

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
     * @param task makes a worker's contribution
     */
    Contribution sum(JavaRDD<byte[]> chunks, Function2<TaskContext, Iterator<byte[]>, Contribution> task) {
        if ((long) length * Float.BYTES * workers > directBytes) {
            return sumBySlices(chunks, task);
        }
        // In the order of partitions, which is the order of ranks.
        return Contribution.sum(List.of((Contribution[]) chunks.context().runJob(chunks.rdd(), task, CONTRIBUTION)));
    }

    /** A slice of one worker's contribution. */
    private record RankedSlice(int rank, Contribution contribution) implements Serializable {}

    private Contribution sumBySlices(
            JavaRDD<byte[]> chunks, Function2<TaskContext, Iterator<byte[]>, Contribution> task) {
        int slices = (length + sliceLength - 1) / sliceLength;
        List<Tuple2<Integer, Contribution>> sums = new ArrayList<>(chunks.mapPartitionsWithIndex(
                        (rank, own) -> {
                            Contribution whole = task.apply(TaskContext.get(), JavaConverters.asScalaIterator(own));
                            List<Tuple2<Integer, RankedSlice>> parts = new ArrayList<>();
                            for (int i = 0; i < slices; i++) {
                                int end = Math.min(length, (i + 1) * sliceLength);
                                parts.add(new Tuple2<>(i, new RankedSlice(rank, whole.slice(i * sliceLength, end))));
                            }
                            return parts.iterator();
                        },
                        true)
                .mapToPair(part -> part)
                .groupByKey(new HashPartitioner(Math.min(slices, workers)))
                .mapValues(parts -> Contribution.sum(StreamSupport.stream(parts.spliterator(), false)
                        .sorted(Comparator.comparingInt(RankedSlice::rank))
                        .map(RankedSlice::contribution)
                        .toList()))
                .collect());
        sums.sort(Comparator.comparingInt(Tuple2::_1));
        return join(sums.stream().map(Tuple2::_2).toList());
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
