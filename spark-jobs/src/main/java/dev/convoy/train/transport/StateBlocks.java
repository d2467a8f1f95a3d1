package dev.convoy.train.transport;

import dev.convoy.train.StateMessage;
import dev.convoy.train.TrainingState;
import java.io.Serializable;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.commons.lang3.exception.ExceptionUtils;

/** A state of which only a few words travel at once; its vectors can be had. */
public record StateBlocks(StateMessage.Head head, ArrayList<Payload> vectors) implements Serializable {
    /** Leaves vectors, the first one under 0. */
    interface Keeper {
        Payload keep(int index, float[] values);
    }

    /** Of a state of this process; vectors stay where they are. */
    public static StateBlocks here(TrainingState state) {
        return of(state, (index, values) -> new Payload.Whole(values));
    }

    static StateBlocks of(TrainingState state, Keeper keeper) {
        List<float[]> vectors = StateMessage.vectors(state);
        ArrayList<Payload> kept = new ArrayList<>();
        for (int i = 0; i < vectors.size(); i++) {
            kept.add(keeper.keep(i, vectors.get(i)));
        }
        return new StateBlocks(StateMessage.head(state), kept);
    }

    /** The model's trained values. */
    public Payload parameters() {
        return vectors.get(0);
    }

    /** The model's running statistics. */
    public Payload buffers() {
        return vectors.get(1);
    }

    /** The optimizer's memory; empty if it begins with none. */
    public List<Payload> slots() {
        return vectors.subList(3, 3 + head.slots());
    }

    /**
     * Reads the vectors.
     *
     * @throws BlockLostException if one of them went with an executor
     */
    public TrainingState state() {
        return state(List.of());
    }

    /**
     * Reads the vectors.
     *
     * @param memory arrays that are taken for those that are as long, in their order
     * @throws BlockLostException if one of them went with an executor
     */
    TrainingState state(List<float[]> memory) {
        List<float[]> values = IntStream.range(0, vectors.size())
                .mapToObj(i -> i < memory.size()
                                && memory.get(i).length == vectors.get(i).length()
                        ? memory.get(i)
                        : new float[vectors.get(i).length()])
                .toList();
        read(IntStream.range(0, vectors.size())
                .mapToObj(i -> new Part(vectors.get(i), 0, FloatBuffer.wrap(values.get(i))))
                .toList());
        return StateMessage.state(head, values);
    }

    /**
     * A part of a vector, and where it is to lie.
     *
     * @param from where in the vector it begins
     * @param target filled
     */
    public record Part(Payload vector, int from, FloatBuffer target) {
        private Stream<Runnable> reads() {
            int end = from + target.remaining();
            // Block by block of the vector; the first and the last may be cut.
            return IntStream.range(from / Payload.BLOCK, from == end ? 0 : Payload.blocks(end))
                    .mapToObj(block -> {
                        int first = Math.max(from, block * Payload.BLOCK);
                        int last = Math.min(end, (block + 1) * Payload.BLOCK);
                        FloatBuffer piece = target.slice(target.position() + first - from, last - first);
                        return () -> vector.get(first, piece);
                    });
        }
    }

    /**
     * Reads parts of vectors by several threads, in any order, so that readers find blocks with each other. However it ends, nobody
     * writes to the targets any more.
     *
     * @throws BlockLostException if one of them went with an executor
     */
    public static void read(List<Part> parts) {
        List<Runnable> reads =
                new ArrayList<>(parts.stream().flatMap(Part::reads).toList());
        Collections.shuffle(reads);
        AtomicReference<Throwable> failure = new AtomicReference<>();
        // A stream would not wait for its other threads once one of them has failed.
        reads.parallelStream().forEach(read -> {
            try {
                if (failure.get() == null) {
                    read.run();
                }
            } catch (Throwable e) {
                failure.compareAndSet(null, e);
            }
        });
        if (failure.get() != null) {
            ExceptionUtils.rethrow(failure.get());
        }
    }
}
