package dev.convoy.train.rounds;

import dev.convoy.model.HeapVector;
import dev.convoy.model.ModelState;
import dev.convoy.model.Vector;
import dev.convoy.model.optimizer.OptimizerState;
import dev.convoy.train.TrainingSpec;
import dev.convoy.train.TrainingState;
import dev.convoy.train.sync.Exchange;
import dev.convoy.train.sync.Mean;
import dev.convoy.train.sync.SumLayout;
import dev.convoy.train.sync.TrainedVectors;
import java.nio.FloatBuffer;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * Moves states by the means of rounds, on the driver: in parts, as many at a time as it has cores, since all executors wait for it. The
 * bits are those that one thread would come to.
 */
final class MeanOnDriver {
    /** Parameters of a part: whole tiles, and enough of them that what a part needs beside is little. */
    private static final int PART = 4 * Vector.TILE;

    private final TrainingSpec spec;
    private final Exchange exchange;
    private final SumLayout layout;
    private final float[] decayed;

    /**
     * @param layout of sums
     * @param decayed ones for parameters that weight decay pulls at, zeros for the others
     */
    MeanOnDriver(TrainingSpec spec, SumLayout layout, float[] decayed) {
        this.spec = spec;
        this.exchange = spec.sync().exchange();
        this.layout = layout;
        this.decayed = decayed;
    }

    /**
     * What a mean has made of the model and the memory of optimizers.
     *
     * @param norm of the mean
     */
    record Update(ModelState model, OptimizerState optimizer, float[] velocity, double norm) {}

    /**
     * Moves a state, which stays as it is.
     *
     * @param sum of the round's contributions
     * @param rate the learning rate of the round's first step
     * @param steps of the round
     */
    Update apply(TrainingState begin, Contribution sum, double rate, int steps) {
        if (sum.weight() == 0) {
            return new Update(begin.model(), begin.optimizer(), begin.velocity(), 0);
        }
        int length = begin.parameters().length;
        float[] parameters = begin.parameters().clone();
        float[] buffers = new float[begin.buffers().length];
        List<float[]> slots = begin.optimizer().slots().stream()
                .map(slot -> exchange.appliesOptimizer() ? slot.clone() : new float[length])
                .toList();
        boolean still = begin.velocity().length == 0 && exchange.hasVelocity();
        float[] velocity = still ? new float[length] : begin.velocity().clone();
        Mean mean = new Mean(FloatBuffer.wrap(sum.vector().values())::slice, layout, sum.weight());
        long optimizerSteps = exchange.optimizerStepsAfter(begin.optimizer().steps(), steps);

        double[] norms = new double[(length + Vector.TILE - 1) / Vector.TILE];
        IntStream.range(0, (length + PART - 1) / PART).parallel().forEach(part -> {
            int first = part * PART;
            int count = Math.min(PART, length - first);
            TrainedVectors vectors = new TrainedVectors(
                    spec.optimizer(),
                    HeapVector.over(parameters, first, count),
                    HeapVector.over(begin.buffers()),
                    HeapVector.over(buffers),
                    slots.stream()
                            .<Vector>map(slot -> HeapVector.over(slot, first, count))
                            .toList(),
                    HeapVector.over(decayed, first, count),
                    velocity.length == 0 ? new HeapVector(0) : HeapVector.over(velocity, first, count),
                    new HeapVector(Math.min(Vector.TILE, count)));
            if (part == 0) {
                vectors.moveBuffers(mean);
            }
            vectors.movePart(
                    exchange,
                    mean,
                    first,
                    rate,
                    optimizerSteps,
                    Optional.of((from, norm) -> norms[from / Vector.TILE] = norm));
        });
        return new Update(
                new ModelState(parameters, buffers),
                new OptimizerState(optimizerSteps, slots),
                velocity,
                length(norms));
    }

    /** Of the whole, in the order of its pieces. */
    private static double length(double[] norms) {
        double squares = 0;
        for (double norm : norms) {
            squares += norm * norm;
        }
        return Math.sqrt(squares);
    }
}
