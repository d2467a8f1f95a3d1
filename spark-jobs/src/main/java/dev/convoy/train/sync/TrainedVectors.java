package dev.convoy.train.sync;

import dev.convoy.model.Vector;
import dev.convoy.model.backend.LocalTrainer;
import dev.convoy.model.optimizer.OptimizerSpec;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The vectors of a model in training where the mean of a round is applied: on the heap of the driver, or in a replica's memory.
 */
public final class TrainedVectors {
    private final OptimizerSpec optimizer;
    private final Vector parameters;
    private final Vector beginBuffers;
    private final Vector buffers;
    private final List<Vector> slots;
    private final Vector decayed;
    private final Vector velocity;
    private final Vector update;

    /**
     * @param optimizer that gradients are given to
     * @param parameters where the round began; changed
     * @param beginBuffers where the round began
     * @param buffers changed
     * @param slots the optimizer's memory; changed
     * @param decayed ones for parameters that weight decay pulls at, zeros for the others
     * @param velocity the outer optimizer's memory, changed; empty without one
     * @param update takes the mean update tile by tile; as long as a tile
     */
    public TrainedVectors(
            OptimizerSpec optimizer,
            Vector parameters,
            Vector beginBuffers,
            Vector buffers,
            List<Vector> slots,
            Vector decayed,
            Vector velocity,
            Vector update) {
        this.optimizer = optimizer;
        this.parameters = parameters;
        this.beginBuffers = beginBuffers;
        this.buffers = buffers;
        this.slots = slots;
        this.decayed = decayed;
        this.velocity = velocity;
        this.update = update;
    }

    /** Those of a replica that has been rewound to where the round began. */
    public static TrainedVectors of(LocalTrainer trainer) {
        return new TrainedVectors(
                trainer.optimizer(),
                trainer.replica().parameters(),
                trainer.markedBuffers(),
                trainer.replica().buffers(),
                trainer.slots(),
                trainer.decayed(),
                trainer.velocity(),
                trainer.tile());
    }

    /** Takes the norms of a mean update, tile by tile. */
    public interface TileNorms {
        /**
         * Takes one.
         *
         * @param from the tile's first parameter
         */
        void put(int from, double norm);
    }

    /**
     * Moves everything by the mean of a round, going over memory once.
     *
     * @param rate the learning rate of the round's first step
     * @param steps that have gone into the optimizer's memory with this round
     * @param measured whether somebody wants to know the norm
     * @return the norm of the mean update; 0 if nobody wants to know
     */
    public double move(Exchange exchange, Mean mean, double rate, long steps, boolean measured) {
        double[] squares = {0};
        TileNorms norms = (from, norm) -> squares[0] += norm * norm;
        moveBuffers(mean);
        movePart(exchange, mean, 0, rate, steps, measured ? Optional.of(norms) : Optional.empty());
        return Math.sqrt(squares[0]);
    }

    /** Moves the running statistics, and nothing else. */
    public void moveBuffers(Mean mean) {
        mean.buffers(buffers);
        buffers.add(1, beginBuffers);
    }

    /**
     * Moves a part of all else, as {@link #move} does.
     *
     * @param first the parameter with which these vectors begin, buffers apart
     * @param norms hears of the part's tiles in their order; empty if nobody wants to know
     */
    public void movePart(Exchange exchange, Mean mean, int first, double rate, long steps, Optional<TileNorms> norms) {
        List<Vector> beside = new ArrayList<>(List.of(decayed));
        beside.addAll(slots);
        if (velocity.length() > 0) {
            beside.add(velocity);
        }
        parameters.forEachTile(beside, List.of(update), (tiles, begin) -> {
            TrainedVectors piece = over(tiles);
            int from = first + begin;
            mean.update(from, piece.update);
            norms.ifPresent(known -> known.put(from, piece.update.norm()));
            exchange.move(piece, from, mean, rate, steps);
        });
    }

    /** Pieces of the vectors, in the order in which they were asked for. */
    private TrainedVectors over(List<Vector> tiles) {
        int behind = 2 + slots.size();
        return new TrainedVectors(
                optimizer,
                tiles.get(0),
                beginBuffers,
                buffers,
                tiles.subList(2, behind),
                tiles.get(1),
                velocity.length() > 0 ? tiles.get(behind) : velocity,
                tiles.get(tiles.size() - 1));
    }

    /** The optimizer that gradients are given to. */
    public OptimizerSpec optimizer() {
        return optimizer;
    }

    /** The parameters. */
    public Vector parameters() {
        return parameters;
    }

    /** The running statistics. */
    public Vector buffers() {
        return buffers;
    }

    /** The optimizer's memory. */
    public List<Vector> slots() {
        return slots;
    }

    /** Ones for parameters that weight decay pulls at, zeros for the others. */
    public Vector decayed() {
        return decayed;
    }

    /** The outer optimizer's memory; empty without one. */
    public Vector velocity() {
        return velocity;
    }

    /** The mean update, where it was received. */
    public Vector update() {
        return update;
    }
}
