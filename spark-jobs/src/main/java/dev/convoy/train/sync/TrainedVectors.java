package dev.convoy.train.sync;

import dev.convoy.model.Vector;
import dev.convoy.model.backend.LocalTrainer;
import dev.convoy.model.optimizer.OptimizerSpec;
import java.util.List;

/**
 * The vectors of a model in training where the mean of a round is applied: on the heap of the driver, or in a replica's memory.
 *
 * @param optimizer that gradients are given to
 * @param parameters where the round began; changed
 * @param beginBuffers where the round began
 * @param buffers changed
 * @param slots the optimizer's memory; changed
 * @param decayed ones for parameters that weight decay pulls at, zeros for the others
 * @param velocity the outer optimizer's memory, changed; empty without one
 * @param update takes the mean update
 */
public record TrainedVectors(
        OptimizerSpec optimizer,
        Vector parameters,
        Vector beginBuffers,
        Vector buffers,
        List<Vector> slots,
        Vector decayed,
        Vector velocity,
        Vector update) {
    /** Those of a replica that has been rewound to where the round began. */
    public static TrainedVectors of(LocalTrainer trainer, Exchange exchange) {
        return new TrainedVectors(
                trainer.optimizer(),
                trainer.replica().parameters(),
                trainer.markedBuffers(),
                trainer.replica().buffers(),
                trainer.slots(),
                trainer.decayed(),
                trainer.velocity(),
                exchange.meanTarget(trainer));
    }

    /** Takes the mean update, and moves buffers by their mean distance. */
    public void receive(Mean mean) {
        mean.update(update);
        mean.buffers(buffers);
        buffers.add(1, beginBuffers);
    }
}
