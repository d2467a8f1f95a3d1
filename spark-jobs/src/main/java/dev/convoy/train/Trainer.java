package dev.convoy.train;

import dev.convoy.data.ConvoyException;
import dev.convoy.data.rdd.ImageShards;
import dev.convoy.model.Evaluation;
import dev.convoy.model.Network;
import dev.convoy.model.Progress;
import dev.convoy.train.TrainingListener.Ending;
import java.util.List;
import java.util.Optional;
import org.apache.commons.lang3.exception.ExceptionUtils;
import org.apache.hadoop.util.ShutdownHookManager;

/**
 * The training loop.
 *
 * <pre>
 * runStarted
 * while (epochs are left) {
 *   state = master.advance(state, to the end of the epoch)       roundCompleted after each round
 *   evaluate on the test images
 *   keep the epoch
 *   epochCompleted
 * }
 * runEnded
 * </pre>
 */
public final class Trainer {
    private final TrainingMaster master;
    private final Evaluator evaluator;
    private final TrainingSpec spec;
    private final EpochStore store;
    private final Listeners listeners;

    /**
     * @param store keeps every epoch
     * @param listeners are told in their order
     */
    public Trainer(
            TrainingMaster master,
            Evaluator evaluator,
            TrainingSpec spec,
            EpochStore store,
            List<? extends TrainingListener> listeners) {
        this.master = master;
        this.evaluator = evaluator;
        this.spec = spec;
        this.store = store;
        this.listeners = new Listeners(listeners);
    }

    /**
     * Trains.
     *
     * @param start where to begin: the state before the first step, or any later one if the master can go on from it
     * @param test evaluated after every epoch, if there
     * @return the state after the last epoch
     * @throws DivergedException if training must not go on
     * @throws ConvoyException if the network does not fit the images, or the master cannot begin there
     */
    public TrainingState train(Network network, TrainingState start, ImageShards train, Optional<ImageShards> test) {
        checkFit(network, train.classNames().size());
        checkStart(start.progress());
        int steps = spec.plan(train.layout(), 0).steps();
        spec.checkRates(steps);
        TrainingListener.Run run = new TrainingListener.Run(
                network.layout().parameterCount(),
                spec.epochs(),
                steps,
                train.classNames(),
                spec.loading().classWeights(),
                start);
        listeners.tell(listener -> listener.runStarted(run));
        TrainingState state = start;
        Ending ending = Ending.FAILED;
        try {
            while (state.progress().epoch() < spec.epochs()) {
                state = epoch(state, train, test);
            }
            ending = Ending.COMPLETED;
            return state;
        } catch (Exception e) {
            // Exception, since Spark's own are checked but not declared.
            ending = endingOf(e);
            throw e;
        } finally {
            Ending told = ending;
            TrainingState last = state;
            listeners.tell(listener -> listener.runEnded(told, last));
        }
    }

    private void checkStart(Progress start) {
        TrainingMaster.Capabilities can = master.capabilities();
        if (start.globalStep() > 0 && !can.resumes() || start.step() > 0 && !can.stopsWithinEpochs()) {
            throw new ConvoyException("Cannot go on from step " + start.globalStep() + " with "
                    + master.getClass().getSimpleName() + ": this master can only begin "
                    + (can.resumes() ? "with an epoch" : "before the first step")
                    + "; use another one, or begin anew");
        }
    }

    private static Ending endingOf(Exception e) {
        if (e instanceof DivergedException) {
            return Ending.DIVERGED;
        }
        // A process that is told to end takes Spark away first, so that the error tells of Spark alone.
        boolean interrupted = Thread.currentThread().isInterrupted()
                || ShutdownHookManager.get().isShutdownInProgress()
                || ExceptionUtils.indexOfType(e, InterruptedException.class) >= 0;
        return interrupted ? Ending.INTERRUPTED : Ending.FAILED;
    }

    private TrainingState epoch(TrainingState begin, ImageShards train, Optional<ImageShards> test) {
        TrainingState end = master.advance(
                begin, Integer.MAX_VALUE, round -> listeners.tell(listener -> listener.roundCompleted(round)));
        EpochReport report = evaluate(end, train, test);
        store.keep(report, end);
        listeners.tell(listener -> listener.epochCompleted(report, end));
        return end;
    }

    private EpochReport evaluate(TrainingState end, ImageShards train, Optional<ImageShards> test) {
        long began = System.nanoTime();
        Optional<Evaluation> evaluation = test.map(images -> evaluator.evaluate(images, end.model()));
        return EpochReport.of(end, train.layout(), evaluation, (System.nanoTime() - began) / 1e9);
    }

    /** Fails unless the network has one output for each class. */
    public static void checkFit(Network network, int classes) {
        if (network.outputs() != classes) {
            throw new ConvoyException("Cannot train a network with " + network.outputs() + " outputs on " + classes
                    + " classes; give its last dense layer " + classes + " units");
        }
    }
}
