package dev.convoy.train.transport;

import dev.convoy.train.StateMessage;
import dev.convoy.train.TrainingState;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;

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
        return StateMessage.state(head, vectors.stream().map(Payload::values).toList());
    }
}
