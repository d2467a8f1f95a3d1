package dev.convoy.jobs;

import dev.convoy.data.plan.WorkerLayout;
import dev.convoy.model.optimizer.LearningRate;
import dev.convoy.train.DivergedException;
import dev.convoy.train.RoundObserver;
import dev.convoy.train.RoundReport;
import dev.convoy.train.TrainingMaster;
import dev.convoy.train.TrainingSpec;
import dev.convoy.train.TrainingState;
import dev.convoy.train.sync.GradientAveraging;
import dev.convoy.train.sync.SyncSpec;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;

/**
 * Trains for some steps with a learning rate that grows from next to nothing until losses explode: L. Smith, "Cyclical learning rates for
 * training neural networks", WACV 2017. The state that it begins with stays as it is; what the steps come to is dropped.
 */
final class RateFinder {
    /** The curve in a run directory. */
    static final String FILE = "learning-rates.csv";

    private static final double LOWEST = 1e-6;
    private static final double HIGHEST = 10;
    private static final int STEPS = 100;
    /** Times the best loss so far, beyond which more rates tell nothing. */
    private static final double EXPLODED = 4;
    /** Of a new loss in the running mean. */
    private static final double SMOOTHING = 0.2;

    private final TrainingSpec spec;
    private final WorkerLayout layout;

    /**
     * A step of the curve.
     *
     * @param loss of its global batch, before the step
     * @param smoothed running mean of losses
     */
    record Point(double learningRate, double loss, double smoothed) {}

    /**
     * @param usual how training would be done; the finder exchanges gradients at every step, without a schedule
     */
    RateFinder(TrainingSpec usual, WorkerLayout layout) {
        int steps = usual.plan(layout, 0).steps();
        int epochs = (STEPS + steps - 1) / steps;
        LearningRate rising = new LearningRate(LOWEST)
                .withSchedule(new LearningRate.Schedule.Rising(HIGHEST / LOWEST, (double) STEPS / steps));
        this.layout = layout;
        this.spec = new TrainingSpec(
                usual.seed(),
                epochs,
                usual.batchSize(),
                usual.optimizer(),
                rising,
                new SyncSpec(
                        new GradientAveraging(),
                        usual.sync().compression(),
                        usual.sync().maxNorm()),
                usual.loading());
    }

    /** How the finder trains; its master must be made for that. */
    TrainingSpec spec() {
        return spec;
    }

    /** Tries rates, one a step, until losses explode. */
    List<Point> find(TrainingMaster master, TrainingState start) {
        Curve curve = new Curve();
        int perEpoch = spec.plan(layout, 0).steps();
        TrainingState state = start;
        try {
            while (!curve.wantsEnd() && state.progress().globalStep() < STEPS) {
                int left = (int) (STEPS - state.progress().globalStep());
                state = master.advance(state, Math.min(left, perEpoch), curve);
            }
        } catch (DivergedException e) {
            // As far as it goes.
            return curve.points;
        }
        return curve.points;
    }

    private static final class Curve implements RoundObserver {
        private final List<Point> points = new ArrayList<>();
        private double best = Double.POSITIVE_INFINITY;
        private volatile boolean exploded;

        @Override
        public void roundCompleted(RoundReport round) {
            double loss = round.lossSum() / round.counts().trained();
            if (exploded || !Double.isFinite(loss)) {
                exploded = true;
                return;
            }
            double before = points.isEmpty() ? loss : points.get(points.size() - 1).smoothed;
            double smoothed = before + SMOOTHING * (loss - before);
            points.add(new Point(round.learningRate(), loss, smoothed));
            best = Math.min(best, smoothed);
            exploded = smoothed > EXPLODED * best;
        }

        @Override
        public boolean wantsEnd() {
            return exploded;
        }
    }

    /** The rate at which the smoothed loss falls fastest, by the logarithm of the rate; empty if it never falls. */
    static OptionalDouble suggest(List<Point> points) {
        int lowest = 0;
        for (int i = 1; i < points.size(); i++) {
            lowest = points.get(i).smoothed < points.get(lowest).smoothed ? i : lowest;
        }
        double steepest = 0;
        OptionalDouble rate = OptionalDouble.empty();
        // Steps are evenly apart in the logarithm.
        for (int i = 1; i < lowest; i++) {
            double slope = points.get(i + 1).smoothed - points.get(i - 1).smoothed;
            if (slope < steepest) {
                steepest = slope;
                rate = OptionalDouble.of(points.get(i).learningRate);
            }
        }
        return rate;
    }
}
