package dev.convoy.model.backend;

import dev.convoy.data.ImageBatch;
import dev.convoy.model.ModelState;
import dev.convoy.model.Network;
import dev.convoy.model.Vector;
import dev.convoy.model.optimizer.OptimizerSpec;
import dev.convoy.model.optimizer.OptimizerState;
import java.nio.FloatBuffer;
import java.util.ArrayList;
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
    private final Vector startParameters;
    private final Vector startBuffers;
    private final List<Vector> spare = new ArrayList<>();
    private long steps;

    public LocalTrainer(Replica replica, Network network, OptimizerSpec optimizer) {
        this.replica = replica;
        this.optimizer = optimizer;
        int length = network.layout().parameterCount();
        this.decayed = replica.newVector(length).set(network.layout().decayMask());
        this.slots = Stream.generate(() -> replica.newVector(length))
                .limit(optimizer.slotCount())
                .toList();
        this.startParameters = replica.newVector(length);
        this.startBuffers = replica.newVector(network.layout().bufferCount());
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
     * @return the loss before the step, summed over the batch's examples times their weights; if it is not finite, nothing is changed
     */
    public double step(ImageBatch batch, StepKey key, double learningRate) {
        double loss = replica.train(batch, key);
        if (Double.isFinite(loss)) {
            update(learningRate);
        }
        return loss;
    }

    /** What the optimizer does with the replica's gradient, which is used up. */
    public void update(double learningRate) {
        optimizer.step(replica.parameters(), replica.gradient(), slots, decayed, learningRate, ++steps);
    }

    /** Remembers where parameters are. */
    public void markParameters() {
        startParameters.set(replica.parameters());
    }

    /** Remembers where buffers are. */
    public void markBuffers() {
        startBuffers.set(replica.buffers());
    }

    /** Turns parameters into how far they have moved since they were marked. */
    public Vector parameterDistance() {
        return replica.parameters().add(-1, startParameters);
    }

    /** Turns buffers into how far they have moved since they were marked. */
    public Vector bufferDistance() {
        return replica.buffers().add(-1, startBuffers);
    }

    /** Puts parameters back to where they were marked. */
    public Vector rewindParameters() {
        return replica.parameters().set(startParameters);
    }

    /** Puts buffers back to where they were marked, or as far from there as a sum of distances says. */
    public void rewindBuffers(FloatBuffer distances, float share) {
        if (share == 0) {
            replica.buffers().set(startBuffers);
        } else {
            replica.buffers().set(share, distances).add(1, startBuffers);
        }
    }

    /** Zeroes the optimizer's memory. */
    public void resetOptimizer() {
        slots.forEach(slot -> slot.set(new float[slot.length()]));
        steps = 0;
    }

    /** A vector as long as the parameters, for the caller's own use; allocated once and kept, with its values. */
    public Vector spare(int index) {
        while (spare.size() <= index) {
            spare.add(replica.newVector(replica.parameters().length()));
        }
        return spare.get(index);
    }

    /** The optimizer's memory itself; changes take effect with the next step. */
    public List<Vector> slots() {
        return slots;
    }

    /** Says how many steps have gone into the optimizer's memory. */
    public void setSteps(long taken) {
        steps = taken;
    }

    /** A copy of the optimizer's memory. */
    public OptimizerState optimizerState() {
        return new OptimizerState(steps, slots.stream().map(Vector::toArray).toList());
    }
}
