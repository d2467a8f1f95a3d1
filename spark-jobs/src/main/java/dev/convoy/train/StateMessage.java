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
    private record Head(
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
        boolean good = state.lastGood() == state.model();
        Head head = new Head(
                state.optimizer().steps(),
                state.optimizer().slots().size(),
                state.progress(),
                state.norms(),
                state.tuning(),
                state.epoch(),
                new ArrayList<>(state.grouping()),
                good);
        List<float[]> vectors = new ArrayList<>(List.of(state.parameters(), state.buffers(), state.velocity()));
        vectors.addAll(state.optimizer().slots());
        if (!good) {
            vectors.add(state.lastGood().parameters());
            vectors.add(state.lastGood().buffers());
        }
        return Message.write(head, vectors);
    }

    /** Reads what was written. */
    public static TrainingState read(byte[][] message) {
        Head head = Message.head(message, Head.class);
        ModelState model = new ModelState(Message.vector(message, 0), Message.vector(message, 1));
        List<float[]> slots = IntStream.range(0, head.slots)
                .mapToObj(i -> Message.vector(message, 3 + i))
                .toList();
        int next = 3 + head.slots;
        return new TrainingState(
                model,
                new OptimizerState(head.optimizerSteps, slots),
                Message.vector(message, 2),
                head.progress,
                head.norms,
                head.tuning,
                head.epoch,
                head.grouping,
                head.isGood ? model : new ModelState(Message.vector(message, next), Message.vector(message, next + 1)));
    }
}
