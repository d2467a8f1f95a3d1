package dev.convoy.report;

import dev.convoy.model.MemoryEstimate;
import dev.convoy.model.ModelState;
import dev.convoy.model.ParameterLayout;
import dev.convoy.train.EarlyStopping;
import dev.convoy.train.EpochReport;
import dev.convoy.train.RoundReport;
import dev.convoy.train.TrainingHistory;
import dev.convoy.train.TrainingListener;
import dev.convoy.train.TrainingState;
import java.time.Clock;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.stream.IntStream;

/**
 * Makes events of a training, and hands them to sinks. Rounds are told of together, once a second at first, and less often the longer the
 * run lasts, so that the number of events grows with the logarithm of its time.
 */
public final class TrainingEvents implements TrainingListener, AutoCloseable {
    private static final double MIN_WINDOW_SECONDS = 1;
    private static final double WINDOWS_OF_RUN = 1000;

    private final int attempt;
    private final EarlyStopping stopping;
    private final Function<ModelState, double[]> gradientNorms;
    private final Clock clock;
    private final LongSupplier nanoTime;
    private final List<Relay<EventSink>> sinks;
    private RoundWindow window = new RoundWindow();
    private long began;
    private long windowBegan;
    private ParameterLayout layout;
    private TrainingHistory history = TrainingHistory.EMPTY;
    private Optional<ModelState> before = Optional.empty();

    /**
     * @param attempt from 1
     * @param stopping says which epoch is the best
     * @param gradientNorms of a model on a fixed sample of training images, by trained tensor; none if they cannot be had. Called
     *     between epochs, on the thread that trains.
     * @param clock for the times of events
     * @param nanoTime by which rounds are put together, which no clock that is set disturbs
     */
    public TrainingEvents(
            int attempt,
            EarlyStopping stopping,
            Function<ModelState, double[]> gradientNorms,
            Clock clock,
            LongSupplier nanoTime,
            List<? extends EventSink> sinks) {
        this.attempt = attempt;
        this.stopping = stopping;
        this.gradientNorms = gradientNorms;
        this.clock = clock;
        this.nanoTime = nanoTime;
        this.sinks = sinks.stream().map(sink -> new Relay<EventSink>(sink)).toList();
    }

    /** Tells of a picture. */
    public void picture(long step, String tag, int width, int height, byte[] png) {
        tell(new Event.Picture(now(), step, tag, width, height, png));
    }

    /** Tells of memory. */
    public void memory(long step, List<Event.Memory.Process> processes) {
        tell(new Event.Memory(now(), step, processes));
    }

    @Override
    public void runStarted(Run run) {
        began = nanoTime.getAsLong();
        windowBegan = began;
        layout = run.network().layout();
        history = run.history();
        if (run.start().progress().step() == 0) {
            before = Optional.of(run.start().model());
        }
        tell(new Event.Started(
                now(),
                attempt,
                run.start().progress().globalStep(),
                run.spec().epochs(),
                run.stepsPerEpoch(),
                layout.parameterCount(),
                run.workers(),
                run.spec().batchSize(),
                LayerRow.of(run.network()),
                new Event.Started.Data(run.classNames(), run.perClass(), run.testImages()),
                MemoryEstimate.training(
                                run.network(),
                                run.spec().batchSize(),
                                run.start().optimizer().slots().size())
                        .bytes()));
    }

    @Override
    public void roundCompleted(RoundReport round) {
        window.add(round);
        double age = (nanoTime.getAsLong() - began) / 1e9;
        double waited = (nanoTime.getAsLong() - windowBegan) / 1e9;
        if (waited >= Math.max(MIN_WINDOW_SECONDS, age / WINDOWS_OF_RUN)) {
            endWindow();
        }
    }

    private void endWindow() {
        if (!window.isEmpty()) {
            Event.Rounds rounds = window.toEvent(now());
            sinks.forEach(relay -> relay.tell(sink -> sink.accept(rounds)));
            window = new RoundWindow();
        }
        windowBegan = nanoTime.getAsLong();
    }

    @Override
    public void epochCompleted(EpochReport epoch, TrainingState state) {
        endWindow();
        history = history.plus(epoch, Optional.empty());
        boolean best = stopping.best(history).filter(epoch::equals).isPresent();
        tell(new Event.Epoch(
                now(),
                state.progress().globalStep(),
                epoch.epoch(),
                Finite.of(epoch.trainLoss()),
                epoch.test().map(test -> Finite.of(test.loss())).orElse(null),
                epoch.test().map(test -> Finite.of(test.accuracy())).orElse(null),
                best,
                epoch.imagesPerSecond(),
                epoch.trainSeconds(),
                epoch.computeSeconds(),
                epoch.waitSeconds(),
                epoch.dataSeconds(),
                epoch.evaluateSeconds(),
                epoch.ledger().rejected(),
                epoch.ledger().retried()));
        tellWeights(epoch.epoch(), state);
        // The next window begins after what was done here.
        windowBegan = nanoTime.getAsLong();
    }

    /** Summed up where sinks are called, beside training. */
    private void tellWeights(int epoch, TrainingState state) {
        double[] slopes = gradientNorms.apply(state.model());
        float[] earlier = before.map(ModelState::parameters).orElseGet(() -> new float[0]);
        before = Optional.of(state.model());
        WeightsOnce weights = new WeightsOnce(
                now(), state.progress().globalStep(), epoch, layout, state.parameters(), earlier, slopes);
        sinks.forEach(relay -> relay.tellIfQuick(sink -> sink.accept(weights.event())));
    }

    /** Sums up for all sinks what the first of them asks for. */
    private static final class WeightsOnce {
        private final String time;
        private final long step;
        private final int epoch;
        private final ParameterLayout layout;
        private final float[] parameters;
        private final float[] before;
        private final double[] gradients;
        private Event.Weights event;

        WeightsOnce(
                String time,
                long step,
                int epoch,
                ParameterLayout layout,
                float[] parameters,
                float[] before,
                double[] gradients) {
            this.time = time;
            this.step = step;
            this.epoch = epoch;
            this.layout = layout;
            this.parameters = parameters;
            this.before = before;
            this.gradients = gradients;
        }

        synchronized Event.Weights event() {
            if (event == null) {
                List<ParameterLayout.Entry> trained = layout.entries().stream()
                        .filter(entry -> !entry.isBuffer())
                        .toList();
                List<TensorSummary> tensors = IntStream.range(0, trained.size())
                        .mapToObj(i -> TensorSummary.of(
                                trained.get(i), parameters, before, gradients.length == 0 ? Double.NaN : gradients[i]))
                        .toList();
                event = new Event.Weights(time, step, epoch, tensors);
            }
            return event;
        }
    }

    @Override
    public void runEnded(Ending ending, TrainingState state) {
        endWindow();
        tell(new Event.Ended(now(), state.progress().globalStep(), ending.name().toLowerCase(Locale.ROOT)));
    }

    private String now() {
        return clock.instant().truncatedTo(ChronoUnit.MILLIS).toString();
    }

    private void tell(Event event) {
        sinks.forEach(relay -> relay.tellSurely(sink -> sink.accept(event)));
    }

    /** Waits until sinks have taken everything, for ten seconds at most each, and closes them. */
    @Override
    public void close() {
        sinks.forEach(Relay::close);
    }
}
