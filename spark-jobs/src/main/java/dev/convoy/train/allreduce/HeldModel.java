package dev.convoy.train.allreduce;

import dev.convoy.collective.Collective;
import dev.convoy.model.HeapVector;
import dev.convoy.model.ParameterLayout;
import dev.convoy.model.Vector;
import dev.convoy.model.backend.LocalTrainer;
import dev.convoy.model.backend.Replica;
import dev.convoy.model.optimizer.OptimizerState;
import dev.convoy.train.sync.Exchange;
import dev.convoy.train.sync.Mean;
import dev.convoy.train.sync.TrainedVectors;
import dev.convoy.train.transport.Payload;
import dev.convoy.train.transport.StateBlocks;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * One copy of the model for all tasks of a group, in the memory that they share, as ZeRO's optimizer has it (Rajbhandari, Rasley, Ruwase
 * and He, SC 2020). Each task moves its own part for all, where the bits are what they would be had it moved the whole; replicas compute
 * with the parameters where they lie. Running statistics are every replica's own.
 */
final class HeldModel implements SegmentModel {
    /** Among the vectors that are held: parameters, which of them decay, the norms of the update's tiles, the optimizer's memory. */
    private static final int PARAMETERS = 0;

    private static final int DECAYED = 1;
    private static final int NORMS = 2;
    private static final int SLOTS = 3;

    private final Collective collective;
    private final Exchange exchange;
    private final Replica replica;
    private final ParameterLayout layout;
    private final Collective.Part own;
    private final int slots;
    private final boolean tellsNorms;
    private final TrainedVectors vectors;
    private long steps;

    /**
     * Loads the state together with the group's other tasks.
     *
     * @param collective that holds the vectors of {@link #lengths}
     * @param layout of the network
     * @param tellsNorms whether a task of the group wants to know norms
     */
    HeldModel(
            LocalTrainer trainer,
            Exchange exchange,
            Collective collective,
            ParameterLayout layout,
            StateBlocks start,
            boolean tellsNorms) {
        this.collective = collective;
        this.exchange = exchange;
        this.replica = trainer.replica();
        this.layout = layout;
        this.own = collective.part(layout.parameterCount());
        this.slots = trainer.optimizer().slotCount();
        this.tellsNorms = tellsNorms;
        this.steps = start.head().optimizerSteps();
        load(start);
        replica.placeParameters(Optional.of(collective.held(PARAMETERS)));
        this.vectors = new TrainedVectors(
                trainer.optimizer(),
                part(PARAMETERS),
                trainer.markedBuffers(),
                replica.buffers(),
                IntStream.range(0, slots).mapToObj(i -> part(SLOTS + i)).toList(),
                part(DECAYED),
                new HeapVector(0),
                trainer.tile());
    }

    /** Of the vectors that a group has to hold, in floats; none if workers take steps of their own in between. */
    static List<Integer> lengths(Exchange exchange, int parameters, int slots) {
        if (!exchange.appliesOptimizer()) {
            return List.of();
        }
        List<Integer> lengths = new ArrayList<>(Collections.nCopies(SLOTS + slots, parameters));
        lengths.set(NORMS, (parameters + Vector.TILE - 1) / Vector.TILE);
        return lengths;
    }

    /** Each task reads its part of the state, and the running statistics. */
    private void load(StateBlocks start) {
        float[] buffers = new float[layout.bufferCount()];
        List<StateBlocks.Part> parts = new ArrayList<>();
        parts.add(new StateBlocks.Part(start.buffers(), 0, FloatBuffer.wrap(buffers)));
        parts.add(new StateBlocks.Part(start.parameters(), own.first(), held(PARAMETERS)));
        layout.decayMask(own.first(), held(DECAYED));
        List<Payload> memory = start.slots();
        for (int i = 0; i < slots; i++) {
            if (memory.isEmpty()) {
                // Without memory in the state it starts from zero.
                held(SLOTS + i).put(new float[own.length()]);
            } else {
                parts.add(new StateBlocks.Part(memory.get(i), own.first(), held(SLOTS + i)));
            }
        }
        StateBlocks.read(parts);
        replica.buffers().set(buffers);
        collective.meet();
    }

    /** This task's part. */
    private FloatBuffer held(int index) {
        return collective.held(index).slice(own.first(), own.length());
    }

    private Vector part(int index) {
        return replica.vectorOver(held(index));
    }

    @Override
    public double move(Mean mean, double rate, long stepsAfter, boolean measured) {
        FloatBuffer norms = collective.held(NORMS);
        TrainedVectors.TileNorms telling = (from, norm) -> norms.put(from / Vector.TILE, (float) norm);
        vectors.moveBuffers(mean);
        vectors.movePart(
                exchange, mean, own.first(), rate, stepsAfter, tellsNorms ? Optional.of(telling) : Optional.empty());
        steps = stepsAfter;
        collective.meet();
        double squares = 0;
        for (int tile = 0; measured && tile < norms.capacity(); tile++) {
            // A tile's norm is in single precision where it was computed, so that none of it is lost.
            double norm = norms.get(tile);
            squares += norm * norm;
        }
        return Math.sqrt(squares);
    }

    @Override
    public OptimizerState optimizerState() {
        return new OptimizerState(
                steps,
                IntStream.range(0, slots)
                        .mapToObj(i -> {
                            float[] values = new float[layout.parameterCount()];
                            collective.held(SLOTS + i).get(0, values);
                            return values;
                        })
                        .toList());
    }

    @Override
    public float[] velocity() {
        return new float[0];
    }

    @Override
    public void close() {
        replica.placeParameters(Optional.empty());
    }
}
