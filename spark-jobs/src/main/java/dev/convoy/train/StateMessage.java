package dev.convoy.train;

import dev.convoy.model.ModelState;
import dev.convoy.model.Progress;
import dev.convoy.model.optimizer.OptimizerState;
import dev.convoy.train.sync.LocalStepsTuning;
import dev.convoy.train.sync.Message;
import dev.convoy.train.sync.NormHistory;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/** A {@link TrainingState} as a {@link Message}. */
public final class StateMessage {
    private StateMessage() {}

    /** All but the vectors; these are parameters, buffers, velocity, slots, and what else the last good model has. */
    public record Head(
            long optimizerSteps,
            int slots,
            Progress progress,
            NormHistory norms,
            LocalStepsTuning tuning,
            EpochTotals epoch,
            ArrayList<Integer> grouping,
            boolean isGood)
            implements Serializable {}

    /** Writes a state; a last good model that is the state's own is not written twice. */
    public static byte[][] write(TrainingState state) {
        return Message.write(head(state), vectors(state));
    }

    /** All but the vectors. */
    public static Head head(TrainingState state) {
        return new Head(
                state.optimizer().steps(),
                state.optimizer().slots().size(),
                state.progress(),
                state.norms(),
                state.tuning(),
                state.epoch(),
                new ArrayList<>(state.grouping()),
                state.lastGood() == state.model());
    }

    /** The vectors themselves; one that there is not is empty. */
    public static List<float[]> vectors(TrainingState state) {
        List<float[]> vectors = new ArrayList<>(List.of(state.parameters(), state.buffers(), state.velocity()));
        vectors.addAll(state.optimizer().slots());
        if (state.lastGood() != state.model()) {
            vectors.add(state.lastGood().parameters());
            vectors.add(state.lastGood().buffers());
        }
        return vectors;
    }

    /** Reads what was written. */
    public static TrainingState read(byte[][] message) {
        List<float[]> vectors = IntStream.range(0, Message.vectors(message))
                .mapToObj(i -> Message.vector(message, i))
                .toList();
        return state(Message.head(message, Head.class), vectors);
    }

    /**
     * Puts a state together.
     *
     * @param vectors taken over
     */
    public static TrainingState state(Head head, List<float[]> vectors) {
        ModelState model = new ModelState(vectors.get(0), vectors.get(1));
        int next = 3 + head.slots;
        return new TrainingState(
                model,
                new OptimizerState(head.optimizerSteps, List.copyOf(vectors.subList(3, next))),
                vectors.get(2),
                head.progress,
                head.norms,
                head.tuning,
                head.epoch,
                head.grouping,
                head.isGood ? model : new ModelState(vectors.get(next), vectors.get(next + 1)));
    }
}
