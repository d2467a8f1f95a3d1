package dev.convoy.train.sync;

import dev.convoy.data.ImageBatch;
import dev.convoy.model.ParameterLayout;
import dev.convoy.model.Progress;
import dev.convoy.model.Vector;
import dev.convoy.model.backend.LocalTrainer;
import dev.convoy.model.backend.StepKey;
import java.io.Serializable;
import java.util.Optional;
import java.util.function.DoubleSupplier;
import java.util.function.IntConsumer;

/**
 * The rule of a round: how many steps it has, what a worker does and contributes, and what the mean of all contributions does to the
 * model. Written once for the vectors of a replica and of the driver; how contributions are summed is the master's business. A round:
 *
 * <pre>
 * on every worker    exchange.begin(trainer)
 *                    loss = exchange.step(trainer, batch, key, rate, ...)      once for each of its steps
 *                    exchange.end(trainer)                                     now the trainer holds the contribution
 * in between         the contributions are summed, each times its number of examples
 * wherever           exchange.rewind(trainer)                                  back to where the round began
 * the model is       vectors.move(exchange, mean, rate, steps)
 * </pre>
 */
public sealed interface Exchange extends Serializable permits GradientAveraging, ParameterAveraging {
    /** The number of steps in the round that begins here; rounds never straddle epochs. */
    int stepsOfRound(Progress begin, int stepsOfEpoch);

    /** Whether rounds are still measured, to find the number of local steps. */
    default boolean isMeasuring(Progress begin) {
        return false;
    }

    /** Whether workers need the optimizer's memory to begin a round, and contribute it. */
    boolean averagesOptimizer();

    /** Whether {@link #move} goes on from the optimizer's memory at the round's beginning; otherwise it writes all of it anew. */
    boolean appliesOptimizer();

    /** Whether the contribution's largest part is ready bit by bit while the last step is still computed. */
    boolean isReadyInParts();

    /** Whether the driver, or a rank that holds the model, needs the outer optimizer's memory. */
    default boolean hasVelocity() {
        return false;
    }

    /** What lies where in a contribution. */
    default SumLayout layout(ParameterLayout network, int slotCount) {
        return new SumLayout(network.parameterCount(), network.bufferCount(), averagesOptimizer() ? slotCount : 0);
    }

    /** Remembers where the round begins. */
    void begin(LocalTrainer trainer);

    /**
     * Takes one of a worker's steps.
     *
     * @param rate the learning rate, for rules by which workers take steps of their own
     * @param ready called as {@link dev.convoy.model.backend.Replica#propagate} says, if {@link #isReadyInParts}; empty for nobody to call
     * @return reads the loss, as {@link dev.convoy.model.backend.Replica#propagate} says
     */
    DoubleSupplier step(LocalTrainer trainer, ImageBatch batch, StepKey key, double rate, Optional<IntConsumer> ready);

    /** Makes the contribution of what the steps have done, in the trainer's own vectors. */
    void end(LocalTrainer trainer);

    /** The part of the contribution that moves parameters: a gradient, or a distance. */
    Vector update(LocalTrainer trainer);

    /**
     * The norm of {@link #update}, made comparable over schedules and numbers of steps; not finite if the update is not.
     *
     * @param rates the sum of the learning rates of the round's steps
     */
    double norm(LocalTrainer trainer, double rates);

    /** Puts the trainer back to where {@link #begin} was called, the optimizer's memory apart. */
    void rewind(LocalTrainer trainer);

    /**
     * Moves parameters and the memory of optimizers, or a piece of all of them, each value by itself.
     *
     * @param vectors where the round began, with the mean update, which is used up
     * @param from the first parameter of the piece
     * @param rate the learning rate of the round's first step
     * @param steps that have gone into the optimizer's memory with this round, of {@link #optimizerStepsAfter}
     */
    void move(TrainedVectors vectors, int from, Mean mean, double rate, long steps);

    /**
     * The number of steps in the optimizer's memory after a round.
     *
     * @param before the number at its beginning
     * @param steps of the round
     */
    long optimizerStepsAfter(long before, int steps);
}
