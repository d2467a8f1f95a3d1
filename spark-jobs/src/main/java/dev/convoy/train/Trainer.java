package dev.convoy.train;

import dev.convoy.data.ConvoyException;
import dev.convoy.data.rdd.ImageShards;
import dev.convoy.model.Evaluation;
import dev.convoy.model.Network;
import dev.convoy.model.Progress;
import dev.convoy.train.TrainingListener.Ending;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import org.apache.commons.lang3.exception.ExceptionUtils;
import org.apache.hadoop.util.ShutdownHookManager;

/**
 * The training loop.
 *
 * <pre>
 * runStarted
 * until all epochs are done, or more would not help, or somebody asks to stop {
 *   state = master.advance(state, as many rounds as the store allows)
 *     roundCompleted after each round
 *     the store may keep states in between, and the one at the end
 *   at an epoch's end {
 *     evaluate on the test images
 *     the store keeps the epoch
 *     epochCompleted
 *   }
 * }
 * runEnded
 * </pre>
 */
public final class Trainer {
    private final TrainingMaster master;
    private final Evaluator evaluator;
    private final TrainingSpec spec;
    private final TrainingStore store;
    private final Listeners listeners;
    private EarlyStopping stopping = EarlyStopping.NEVER;
    private StopSignal signal = new StopSignal();

    /**
     * @param store keeps every epoch, and states in between
     * @param listeners are told in their order
     */
    public Trainer(
            TrainingMaster master,
            Evaluator evaluator,
            TrainingSpec spec,
            TrainingStore store,
            List<? extends TrainingListener> listeners) {
        this.master = master;
        this.evaluator = evaluator;
        this.spec = spec;
        this.store = store;
        this.listeners = new Listeners(listeners);
    }

    /** Ends when more epochs would not help, too. */
    public Trainer withStopping(EarlyStopping other) {
        stopping = other;
        return this;
    }

    /** Ends when it is asked to, too. */
    public Trainer withSignal(StopSignal other) {
        signal = other;
        return this;
    }

    /** A training, as far as it has come. */
    private static final class Course {
        private final ImageShards train;
        private final Optional<ImageShards> test;
        private TrainingState state;
        private TrainingHistory history;

        Course(TrainingState state, TrainingHistory history, ImageShards train, Optional<ImageShards> test) {
            this.state = state;
            this.history = history;
            this.train = train;
            this.test = test;
        }

        /** Whether an epoch's last round is done, but not its evaluation. */
        boolean isEvaluationDue() {
            return history.epochs().size() < state.progress().epoch();
        }
    }

    /** Trains from the first epoch on, or from a state in the middle of it. */
    public TrainingState train(Network network, TrainingState start, ImageShards train, Optional<ImageShards> test) {
        return train(network, start, TrainingHistory.EMPTY, train, test);
    }

    /**
     * Trains.
     *
     * @param start where to begin: the state before the first step, or any later one if the master can go on from it
     * @param history of the epochs before it
     * @param test evaluated after every epoch, if there
     * @return the state after the last epoch
     * @throws DivergedException if training must not go on
     * @throws TrainingInterruptedException if it was asked to stop
     * @throws ConvoyException if the network does not fit the images, or the master cannot begin there
     */
    public TrainingState train(
            Network network,
            TrainingState start,
            TrainingHistory history,
            ImageShards train,
            Optional<ImageShards> test) {
        checkFit(network, train.classNames().size());
        checkStart(start.progress());
        TrainingListener.Run told = describe(network, spec, start, history, train, test);
        spec.checkRates(told.stepsPerEpoch());
        listeners.tell(listener -> listener.runStarted(told));
        Course course = new Course(start, history, train, test);
        Ending ending = Ending.FAILED;
        try {
            go(course);
            store.keepLast(course.history, course.state);
            ending = Ending.COMPLETED;
            return course.state;
        } catch (Exception | Error e) {
            // Exception, since Spark's own are checked but not declared.
            ending = endingOf(e);
            if (ending != Ending.DIVERGED) {
                keepLast(course, e);
            }
            throw ending == Ending.INTERRUPTED && signal.isRequested()
                    ? new TrainingInterruptedException(course.state, e)
                    : ExceptionUtils.<RuntimeException>rethrow(e);
        } finally {
            Ending last = ending;
            listeners.tell(listener -> listener.runEnded(last, course.state));
        }
    }

    /** What listeners are told of a training before it begins. */
    public static TrainingListener.Run describe(
            Network network,
            TrainingSpec spec,
            TrainingState start,
            TrainingHistory history,
            ImageShards train,
            Optional<ImageShards> test) {
        return new TrainingListener.Run(
                network,
                spec,
                train.layout().workers(),
                spec.plan(train.layout(), 0).steps(),
                train.classNames(),
                train.perClass(),
                test.map(ImageShards::examples).orElse(0L),
                spec.loading().classWeights(),
                start,
                history);
    }

    private void go(Course course) throws Exception {
        while (true) {
            boolean evaluation = course.isEvaluationDue();
            if (!evaluation && isDone(course)) {
                return;
            }
            if (signal.isRequested()) {
                throw new CancellationException("Training was asked to stop");
            }
            if (evaluation) {
                evaluate(course);
            } else {
                advance(course);
            }
        }
    }

    private boolean isDone(Course course) {
        return course.state.progress().epoch() >= spec.epochs() || stopping.isMet(course.history);
    }

    private void advance(Course course) throws Exception {
        RoundObserver observer = new RoundObserver() {
            @Override
            public void roundCompleted(RoundReport round) {
                listeners.tell(listener -> listener.roundCompleted(round));
            }

            @Override
            public boolean wantsState() {
                return store.isDue();
            }

            @Override
            public void stateReached(TrainingState state) {
                course.state = state;
                store.offer(course.history, state);
            }

            @Override
            public boolean wantsEnd() {
                return signal.isRequested();
            }
        };
        int rounds = store.roundsUntilDue(course.state.progress());
        course.state = signal.whileAdvancing(() -> master.advance(course.state, rounds, observer));
        if (!course.isEvaluationDue()) {
            store.offer(course.history, course.state);
        }
    }

    private void evaluate(Course course) {
        long began = System.nanoTime();
        Optional<Evaluation> evaluation = course.test.map(images -> evaluator.evaluate(images, course.state.model()));
        EpochReport report =
                EpochReport.of(course.state, course.train.layout(), evaluation, (System.nanoTime() - began) / 1e9);
        course.history = course.history.plus(report, evaluation);
        store.keepEpoch(course.history, course.state);
        listeners.tell(listener -> listener.epochCompleted(report, course.state));
    }

    /** What fails here must not hide why training ends. */
    private void keepLast(Course course, Throwable cause) {
        try {
            store.keepLast(course.history, course.state);
        } catch (RuntimeException e) {
            cause.addSuppressed(e);
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

    private Ending endingOf(Throwable e) {
        if (e instanceof DivergedException) {
            return Ending.DIVERGED;
        }
        // A process that is told to end takes Spark away first, so that the error tells of Spark alone.
        boolean interrupted = signal.isRequested()
                || Thread.currentThread().isInterrupted()
                || ShutdownHookManager.get().isShutdownInProgress()
                || ExceptionUtils.indexOfType(e, InterruptedException.class) >= 0;
        return interrupted ? Ending.INTERRUPTED : Ending.FAILED;
    }

    /** Fails unless the network has one output for each class. */
    public static void checkFit(Network network, int classes) {
        if (network.outputs() != classes) {
            throw new ConvoyException("Cannot train a network with " + network.outputs() + " outputs on " + classes
                    + " classes; give its last dense layer " + classes + " units");
        }
    }
}
