package dev.convoy.model.backend;

import dev.convoy.data.ImageBatch;
import dev.convoy.model.ModelState;
import dev.convoy.model.Network;
import dev.convoy.model.OptimizerSpec;
import dev.convoy.model.OptimizerState;
import dev.convoy.model.Vector;
import java.util.List;
import java.util.stream.Stream;

/**
 * A replica with an optimizer beside it: takes steps on its own. Memory for the optimizer is allocated once and lives as
 * long as the replica.
 */
public final class LocalTrainer {
    private final Replica replica;
    private final OptimizerSpec optimizer;
    private final Vector decayed;
    private final List<Vector> slots;
    private long steps;

    public LocalTrainer(Replica replica, Network network, OptimizerSpec optimizer) {
        this.replica = replica;
        this.optimizer = optimizer;
        int length = network.layout().parameterCount();
        this.decayed = replica.newVector(length).set(network.layout().decayMask());
        this.slots = Stream.generate(() -> replica.newVector(length))
                .limit(optimizer.slotCount())
                .toList();
    }

    public Replica replica() {
        return replica;
    }

    /** Takes over parameters, buffers and the optimizer's memory; without memory in the state it starts from zero. */
    public void load(ModelState state) {
        replica.parameters().set(state.parameters());
        replica.buffers().set(state.buffers());
        List<float[]> memory = state.optimizer().slots();
        for (int i = 0; i < slots.size(); i++) {
            Vector slot = slots.get(i);
            slot.set(memory.isEmpty() ? new float[slot.length()] : memory.get(i));
        }
        steps = state.optimizer().steps();
    }

    /**
     * One step of the optimizer.
     *
     * @return the loss before the step, summed over the batch's examples; if it is not finite, nothing is changed
     */
    public double step(ImageBatch batch, StepKey key, double learningRate) {
        double loss = replica.train(batch, key);
        if (Double.isFinite(loss)) {
            optimizer.step(replica.parameters(), replica.gradient(), slots, decayed, learningRate, ++steps);
        }
        return loss;
    }

    /** A copy of the optimizer's memory. */
    public OptimizerState optimizerState() {
        return new OptimizerState(steps, slots.stream().map(Vector::toArray).toList());
    }
}
