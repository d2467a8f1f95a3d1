package dev.convoy.train.transport;

import dev.convoy.train.StateMessage;
import dev.convoy.train.TrainingState;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;

/** A state of which only a few words travel at once; its vectors can be had. */
public record StateBlocks(StateMessage.Head head, ArrayList<Payload> vectors) implements Serializable {
    /** Leaves vectors, the first one under 0. */
    interface Keeper {
        Payload keep(int index, float[] values);
    }

    static StateBlocks of(TrainingState state, Keeper keeper) {
        List<float[]> vectors = StateMessage.vectors(state);
        ArrayList<Payload> kept = new ArrayList<>();
        for (int i = 0; i < vectors.size(); i++) {
            kept.add(keeper.keep(i, vectors.get(i)));
        }
        return new StateBlocks(StateMessage.head(state), kept);
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
        List<Runnable> reads = new ArrayList<>();
        for (int i = 0; i < vectors.size(); i++) {
            Payload vector = vectors.get(i);
            float[] target = values.get(i);
            IntStream.range(0, vector.blocks())
                    .forEach(block -> reads.add(() -> vector.get(block, target, block * Payload.BLOCK)));
        }
        // In any order, so that readers find blocks with each other.
        Collections.shuffle(reads);
        reads.parallelStream().forEach(Runnable::run);
        return StateMessage.state(head, values);
    }
}
