package dev.convoy.model.backend;

import dev.convoy.data.ImageBatch;
import dev.convoy.model.HeapVector;
import dev.convoy.model.ModelState;
import dev.convoy.model.Network;
import dev.convoy.model.ParameterLayout;
import dev.convoy.model.Vector;
import dev.convoy.model.optimizer.OptimizerSpec;
import dev.convoy.model.optimizer.OptimizerState;
import java.util.List;
import java.util.Optional;
import java.util.function.DoubleSupplier;
import java.util.stream.Stream;

/**
 * A replica with an optimizer beside it: takes steps on its own. Memory for the optimizer, and for what is marked, is allocated with its
 * first use and lives as long as the replica. Between {@link #markParameters} and {@link #rewindParameters} (and likewise for buffers) it can tell how far
 * it has moved.
 */
public final class LocalTrainer {
    private static final Vector NOTHING = new HeapVector(0);

    private final Replica replica;
    private final OptimizerSpec optimizer;
    private final ParameterLayout layout;
    private final Vector markedBuffers;
    private final Vector tile;
    private Vector decayed;
    private List<Vector> slots = List.of();
    private Vector markedParameters;
    private Vector velocity;

    private boolean hasVelocity;
    private long steps;
    private List<Vector> markedSlots = List.of();
    private long markedSteps;

    /** Allocates the optimizer's memory beside the replica, which it does not own. */
    public LocalTrainer(Replica replica, Network network, OptimizerSpec optimizer) {
        this.replica = replica;
        this.optimizer = optimizer;
        this.layout = network.layout();
        this.markedBuffers = replica.newVector(network.layout().bufferCount());
        this.tile = replica.newVector(replica.parameters().tileLength());
    }

    /** The replica that is trained. */
    public Replica replica() {
        return replica;
    }

    /** The optimizer that {@link #step} uses. */
    public OptimizerSpec optimizer() {
        return optimizer;
    }

    /** Takes over parameters, buffers and the optimizer's memory; without memory in the state it starts from zero. */
    public void load(ModelState model, OptimizerState memory) {
        replica.parameters().set(model.parameters());
        replica.buffers().set(model.buffers());
        for (int i = 0; i < slots().size(); i++) {
            Vector slot = slots.get(i);
            slot.set(
                    memory.slots().isEmpty()
                            ? new float[slot.length()]
                            : memory.slots().get(i));
        }
        steps = memory.steps();
    }

    /**
     * Takes one step of the optimizer.
     *
     * @return reads the loss before the step, as {@link Replica#propagate} says; if it is not finite, the trainer's vectors are of no use
     */
    public DoubleSupplier step(ImageBatch batch, StepKey key, double learningRate) {
        DoubleSupplier loss = replica.propagate(batch, key, Optional.empty());
        optimizer.stepInTiles(replica.parameters(), replica.gradient(), slots(), decayed(), learningRate, ++steps);
        return loss;
    }

    /** Remembers where parameters are. */
    public void markParameters() {
        markedParameters = markedParameters == null ? newVector() : markedParameters;
        markedParameters.set(replica.parameters());
    }

    /** Remembers where buffers are. */
    public void markBuffers() {
        markedBuffers.set(replica.buffers());
    }

    /** Remembers the optimizer's memory. */
    public void markOptimizer() {
        markedSlots = markedSlots.isEmpty() ? newSlots() : markedSlots;
        for (int i = 0; i < slots().size(); i++) {
            markedSlots.get(i).set(slots.get(i));
        }
        markedSteps = steps;
    }

    private Vector newVector() {
        return replica.newVector(layout.parameterCount());
    }

    private List<Vector> newSlots() {
        return Stream.generate(this::newVector).limit(optimizer.slotCount()).toList();
    }

    /** Puts the optimizer's memory back to what it was when it was marked. */
    public void rewindOptimizer() {
        for (int i = 0; i < slots.size(); i++) {
            slots.get(i).set(markedSlots.get(i));
        }
        steps = markedSteps;
    }

    /** Replaces parameters by how far they have moved since they were marked. */
    public void replaceParametersByDistance() {
        replica.parameters().add(-1, markedParameters);
    }

    /** Replaces buffers by how far they have moved since they were marked. */
    public void replaceBuffersByDistance() {
        replica.buffers().add(-1, markedBuffers);
    }

    /** Puts parameters back to where they were marked. */
    public void rewindParameters() {
        replica.parameters().set(markedParameters);
    }

    /** Puts buffers back to where they were marked. */
    public void rewindBuffers() {
        replica.buffers().set(markedBuffers);
    }

    /** Where buffers were marked; not to be changed. */
    public Vector markedBuffers() {
        return markedBuffers;
    }

    /** Ones for parameters that weight decay pulls at, zeros for the others; not to be changed. */
    public Vector decayed() {
        decayed = decayed == null ? newVector().set(layout.decayMask()) : decayed;
        return decayed;
    }

    /** A vector as long as a tile of the parameters, for whoever goes over them tile by tile. */
    public Vector tile() {
        return tile;
    }

    /** The outer optimizer's memory, as long as the parameters; empty until {@link #loadVelocity}. */
    public Vector velocity() {
        return hasVelocity ? velocity : NOTHING;
    }

    /** Takes over the outer optimizer's memory; an empty array if it has none. */
    public void loadVelocity(float[] values) {
        hasVelocity = values.length > 0;
        if (hasVelocity && velocity == null) {
            velocity = newVector();
        }
        if (hasVelocity) {
            velocity.set(values);
        }
    }

    /** The optimizer's memory itself; changes take effect with the next step. */
    public List<Vector> slots() {
        slots = slots.isEmpty() ? newSlots() : slots;
        return slots;
    }

    /** Says how many steps have gone into the optimizer's memory. */
    public void setSteps(long taken) {
        steps = taken;
    }

    /** A copy of the optimizer's memory. */
    public OptimizerState optimizerState() {
        return new OptimizerState(steps, slots().stream().map(Vector::toArray).toList());
    }
}
