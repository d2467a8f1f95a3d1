package dev.convoy.train;

import dev.convoy.data.ClassWeights;
import dev.convoy.data.ConvoyException;
import dev.convoy.data.rdd.ImageShards;
import dev.convoy.model.Evaluation;
import dev.convoy.model.ModelState;
import dev.convoy.model.Network;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The training loop.
 *
 * <pre>
 * started
 * while (epochs are left) {
 *   state = master.advance(state, to the end of the epoch)       roundCompleted after each
 *   evaluate on the test images
 *   epochCompleted
 * }
 * </pre>
 */
public final class Trainer {
    private final TrainingMaster master;
    private final Evaluator evaluator;
    private final TrainingSpec spec;
    private final List<TrainingListener> listeners;

    public Trainer(
            TrainingMaster master, Evaluator evaluator, TrainingSpec spec, List<? extends TrainingListener> listeners) {
        this.master = master;
        this.evaluator = evaluator;
        this.spec = spec;
        this.listeners = List.copyOf(listeners);
    }

    /**
     * Trains.
     *
     * @param start the state before the first step, of {@link Network#initialState} or with weights from elsewhere
     * @param test evaluated after every epoch, if there
     * @return the state after the last epoch
     * @throws DivergedException if a loss is not finite
     */
    public ModelState train(Network network, ModelState start, ImageShards train, Optional<ImageShards> test) {
        checkFit(network, train.classNames().size());
        ModelState state = start;
        int steps = spec.plan(train.layout(), 0).steps();
        spec.checkRates(steps);
        int parameters = network.layout().parameterCount();
        if (!spec.loading().classWeights().equals(ClassWeights.NONE)) {
            listeners.forEach(listener ->
                    listener.classesWeighted(train.classNames(), spec.loading().classWeights()));
        }
        listeners.forEach(listener -> listener.started(parameters, spec.epochs(), steps));
        while (state.progress().epoch() < spec.epochs()) {
            List<RoundReport> done = new ArrayList<>();
            ModelState end = master.advance(state, Integer.MAX_VALUE, round -> {
                done.add(round);
                listeners.forEach(listener -> listener.roundCompleted(round));
            });
            EpochReport report = evaluate(end, done, train, test);
            listeners.forEach(listener -> listener.epochCompleted(report, end));
            state = end;
        }
        return state;
    }

    private EpochReport evaluate(
            ModelState end, List<RoundReport> rounds, ImageShards train, Optional<ImageShards> test) {
        RoundReport.Counts counts =
                rounds.stream().map(RoundReport::counts).reduce(RoundReport.Counts.NONE, RoundReport.Counts::plus);
        RoundReport.Times times =
                rounds.stream().map(RoundReport::times).reduce(RoundReport.Times.NONE, RoundReport.Times::then);
        long began = System.nanoTime();
        Optional<Evaluation> evaluation =
                test.map(images -> evaluator.evaluate(images, end.parameters(), end.buffers()));
        return new EpochReport(
                end.progress().epoch(),
                rounds.size(),
                new EpochReport.Ledger(
                        train.layout().examples(),
                        counts.trained(),
                        counts.rejected(),
                        counts.late(),
                        counts.quarantined(),
                        counts.retried()),
                rounds.stream().mapToDouble(RoundReport::lossSum).sum() / counts.trained(),
                evaluation,
                rounds.stream().mapToDouble(RoundReport::seconds).sum(),
                times.compute(),
                times.compute() - times.busy() / train.layout().workers(),
                times.data() / train.layout().workers(),
                (System.nanoTime() - began) / 1e9);
    }

    /** Fails unless the network has one output for each class. */
    public static void checkFit(Network network, int classes) {
        if (network.outputs() != classes) {
            throw new ConvoyException("Cannot train a network with " + network.outputs() + " outputs on " + classes
                    + " classes; give its last dense layer " + classes + " units");
        }
    }
}
