package dev.convoy.train.allreduce;

import dev.convoy.model.backend.LocalTrainer;
import dev.convoy.model.optimizer.OptimizerState;
import dev.convoy.train.TrainingState;
import dev.convoy.train.sync.Exchange;
import dev.convoy.train.sync.Mean;
import dev.convoy.train.sync.TrainedVectors;
import dev.convoy.train.transport.StateBroadcast;

/** A task's own copy of the model, beside its replica. All tasks move theirs by the same mean, and so have the same model. */
final class OwnModel implements SegmentModel {
    private final LocalTrainer trainer;
    private final Exchange exchange;
    private final TrainedVectors vectors;

    /** Loads the state into the trainer. */
    static OwnModel load(LocalTrainer trainer, Exchange exchange, StateBroadcast start) {
        try (StateBroadcast.Loan loan = start.borrow()) {
            return new OwnModel(trainer, exchange, loan.state());
        }
    }

    OwnModel(LocalTrainer trainer, Exchange exchange, TrainingState start) {
        this.trainer = trainer;
        this.exchange = exchange;
        trainer.load(start.model(), start.optimizer());
        boolean still = exchange.hasVelocity() && start.velocity().length == 0;
        trainer.loadVelocity(still ? new float[start.parameters().length] : start.velocity());
        this.vectors = TrainedVectors.of(trainer);
    }

    @Override
    public double move(Mean mean, double rate, long steps, boolean measured) {
        double norm = vectors.move(exchange, mean, rate, steps, measured);
        trainer.setSteps(steps);
        return norm;
    }

    @Override
    public OptimizerState optimizerState() {
        return trainer.optimizerState();
    }

    @Override
    public float[] velocity() {
        return vectors.velocity().toArray();
    }

    @Override
    public void close() {
        // Everything is the replica's own.
    }
}
