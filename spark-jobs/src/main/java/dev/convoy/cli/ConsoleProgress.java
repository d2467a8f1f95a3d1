package dev.convoy.cli;

import dev.convoy.config.JobConfig;
import dev.convoy.model.Json;
import dev.convoy.report.AsyncProgress;
import dev.convoy.report.ProgressView;
import dev.convoy.train.EarlyStopping;
import dev.convoy.train.EpochReport;
import dev.convoy.train.RoundReport;
import dev.convoy.train.TrainingHistory;
import dev.convoy.train.TrainingListener;
import java.io.PrintStream;
import java.time.Duration;
import java.util.Locale;
import java.util.Optional;
import java.util.function.LongSupplier;
import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;

/**
 * One line for each epoch. Within an epoch, a progress bar if somebody is watching, and otherwise a line every half minute; a file of it
 * has no control characters.
 */
final class ConsoleProgress implements ProgressView {
    private static final Duration QUIET = Duration.ofSeconds(30);

    private final PrintStream out;
    private final String setup;
    private final EarlyStopping stopping;
    private final boolean interactive;
    private final boolean tellsExchange;
    private final LongSupplier nanoTime;
    private int epochs;
    private int stepsPerEpoch;
    private int localSteps;
    private TrainingHistory history = TrainingHistory.EMPTY;
    private long lastLine;
    private ProgressBar bar;

    /** Tells of a job's training; whoever does not read on does not hold it up. */
    static AsyncProgress of(JobConfig job) {
        String setup = String.format(
                Locale.ROOT,
                "%s on %s in %s, %s",
                job.backend().name(),
                Json.key(job.backend().device()),
                Json.key(job.backend().precision()),
                exchange(job.sync()));
        EarlyStopping stopping = job.train().stop().earlyStopping();
        return new AsyncProgress(new ConsoleProgress(
                System.out,
                setup,
                stopping,
                System.console() != null,
                job.sync().transport() != JobConfig.Sync.Transport.DL4J_SPARK,
                System::nanoTime));
    }

    private static String exchange(JobConfig.Sync sync) {
        if (sync.hasChoice()) {
            // The log has just said which.
            return "exchange chosen by trials";
        }
        boolean averages = sync.exchange() == JobConfig.Sync.Rule.PARAMETER_AVERAGING;
        String steps = averages ? " (local steps: " + sync.localSteps() + ")" : "";
        return Json.key(sync.exchange()) + " by " + Json.key(sync.transport()) + steps;
    }

    /**
     * @param setup backend and exchange, in words
     * @param stopping says which epoch is the best
     * @param interactive whether somebody is watching
     * @param tellsExchange whether the master knows what part of the time is exchange
     */
    ConsoleProgress(
            PrintStream out,
            String setup,
            EarlyStopping stopping,
            boolean interactive,
            boolean tellsExchange,
            LongSupplier nanoTime) {
        this.out = out;
        this.setup = setup;
        this.stopping = stopping;
        this.interactive = interactive;
        this.tellsExchange = tellsExchange;
        this.nanoTime = nanoTime;
    }

    @Override
    public void started(TrainingListener.Run run) {
        new TrainingHeader(out).print(run, setup);
        epochs = run.spec().epochs();
        stepsPerEpoch = run.stepsPerEpoch();
        localSteps = run.start().progress().localSteps();
        history = run.history();
        lastLine = nanoTime.getAsLong();
        startBar(run.start().progress().epoch() + 1);
        if (bar != null) {
            bar.stepTo(run.start().progress().step());
        }
    }

    @Override
    public void round(RoundReport round) {
        if (round.progress().localSteps() != localSteps) {
            localSteps = round.progress().localSteps();
            line("rounds of %d steps from now on (sync.local-steps = auto)", localSteps);
        }
        round.quarantined()
                .forEach(excluded -> line(
                        "worker %d left out of step %d: %s",
                        excluded.worker(), excluded.globalStep() + 1, excluded.fault()));
        double loss = round.lossSum() / round.counts().trained();
        if (bar != null) {
            bar.setExtraMessage(String.format(Locale.ROOT, " loss %.4f", loss));
            bar.stepBy(round.steps());
        } else if (nanoTime.getAsLong() - lastLine >= QUIET.toNanos()
                && round.progress().step() > 0) {
            line(
                    "[epoch %d/%d step %d/%d loss %.4f]",
                    round.progress().epoch() + 1, epochs, round.progress().step(), stepsPerEpoch, loss);
        }
    }

    @Override
    public void epoch(EpochReport epoch) {
        endBar();
        if (epoch.epoch() == history.epochs().size() + 1) {
            history = history.plus(epoch, Optional.empty());
        }
        double seconds = epoch.trainSeconds() + epoch.evaluateSeconds();
        boolean best = stopping.best(history).filter(epoch::equals).isPresent();
        line(
                "epoch %d/%d  train loss %.4f%s  %,.0f images/s%s  %.1f s%s%s",
                epoch.epoch(),
                epochs,
                epoch.trainLoss(),
                epoch.test().map(ConsoleProgress::evaluation).orElse(""),
                epoch.imagesPerSecond(),
                tellsExchange
                        ? String.format(
                                Locale.ROOT, "  exchange %.0f %%", 100 * epoch.syncSeconds() / epoch.trainSeconds())
                        : "",
                seconds,
                epoch.epoch() < epochs ? "  " + time((epochs - epoch.epoch()) * seconds) + " left" : "",
                best ? "  best" : "");
        if (epoch.epoch() < epochs) {
            startBar(epoch.epoch() + 1);
        }
    }

    @Override
    public void ended() {
        endBar();
    }

    private void line(String format, Object... values) {
        out.printf(Locale.ROOT, format + "%n", values);
        lastLine = nanoTime.getAsLong();
    }

    private static String evaluation(EpochReport.Test test) {
        return String.format(
                Locale.ROOT, "  test loss %.4f  test accuracy %.2f %%", test.loss(), 100 * test.accuracy());
    }

    /** A duration in its largest units. */
    private static String time(double seconds) {
        long whole = Math.round(seconds);
        if (whole < 60) {
            return whole + " s";
        }
        return whole < 3600 ? (whole + 30) / 60 + " min" : whole / 3600 + " h " + whole % 3600 / 60 + " min";
    }

    private void startBar(int epoch) {
        // A log file gets no bar.
        if (interactive) {
            bar = new ProgressBarBuilder()
                    .setTaskName("epoch " + epoch + "/" + epochs)
                    .setInitialMax(stepsPerEpoch)
                    .setUnit(" steps", 1)
                    .setStyle(ProgressBarStyle.ASCII)
                    .setConsumer(new ConsoleProgressBarConsumer(out))
                    .clearDisplayOnFinish()
                    .build();
        }
    }

    /** Takes the bar off the screen. */
    private void endBar() {
        if (bar != null) {
            bar.close();
            bar = null;
        }
    }
}
