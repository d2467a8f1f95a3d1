package dev.convoy.cli;

import dev.convoy.data.ClassWeights;
import dev.convoy.data.Printable;
import dev.convoy.model.Progress;
import dev.convoy.train.EpochReport;
import dev.convoy.train.RoundReport;
import dev.convoy.train.TrainingListener;
import dev.convoy.train.TrainingState;
import java.io.PrintStream;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;
import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;

/** One line for each epoch; within an epoch a progress bar, if somebody is watching. */
final class ConsoleProgress implements TrainingListener, AutoCloseable {
    private final PrintStream out;
    private int epochs;
    private int stepsPerEpoch;
    private int localSteps;
    private ProgressBar bar;

    ConsoleProgress(PrintStream out) {
        this.out = out;
    }

    @Override
    public void runStarted(Run run) {
        if (!run.classWeights().equals(ClassWeights.NONE)) {
            tellWeights(run.classNames(), run.classWeights());
        }
        epochs = run.epochs();
        stepsPerEpoch = run.stepsPerEpoch();
        localSteps = run.start().progress().localSteps();
        out.printf(
                Locale.ROOT,
                "%,d parameters, %d epochs of %d steps%n",
                run.network().layout().parameterCount(),
                epochs,
                stepsPerEpoch);
        Progress begun = run.start().progress();
        if (begun.globalRound() > 0) {
            out.printf(
                    Locale.ROOT,
                    "going on in epoch %d after step %d, %d rounds are done%n",
                    begun.epoch() + 1,
                    begun.step(),
                    begun.globalRound());
        }
        startBar(begun.epoch() + 1);
        if (bar != null) {
            bar.stepTo(begun.step());
        }
    }

    private void tellWeights(List<String> classNames, ClassWeights weights) {
        List<Integer> lightestFirst = IntStream.range(0, classNames.size())
                .boxed()
                .sorted(Comparator.comparingDouble(weights::of))
                .toList();
        int lightest = lightestFirst.get(0);
        int heaviest = lightestFirst.get(lightestFirst.size() - 1);
        out.printf(
                Locale.ROOT,
                "class weights from %.4g (%s) to %.4g (%s)%n",
                weights.of(lightest),
                Printable.of(classNames.get(lightest)),
                weights.of(heaviest),
                Printable.of(classNames.get(heaviest)));
    }

    @Override
    public void roundCompleted(RoundReport round) {
        if (round.progress().localSteps() != localSteps) {
            localSteps = round.progress().localSteps();
            out.printf(Locale.ROOT, "rounds of %d steps from now on (sync.local-steps = auto)%n", localSteps);
        }
        round.quarantined()
                .forEach(excluded -> out.printf(
                        Locale.ROOT,
                        "worker %d left out of step %d: %s%n",
                        excluded.worker(),
                        excluded.globalStep() + 1,
                        excluded.fault()));
        if (bar != null) {
            bar.setExtraMessage(String.format(
                    Locale.ROOT, " loss %.4f", round.lossSum() / round.counts().trained()));
            bar.stepBy(round.steps());
        }
    }

    @Override
    public void epochCompleted(EpochReport epoch, TrainingState state) {
        close();
        out.printf(
                Locale.ROOT,
                "epoch %d/%d  train loss %.4f%s  %,.0f images/s  %.1f s%n",
                epoch.epoch(),
                epochs,
                epoch.trainLoss(),
                epoch.test().map(ConsoleProgress::evaluation).orElse(""),
                epoch.imagesPerSecond(),
                epoch.trainSeconds() + epoch.evaluateSeconds());
        if (epoch.epoch() < epochs) {
            startBar(epoch.epoch() + 1);
        }
    }

    @Override
    public void runEnded(Ending ending, TrainingState state) {
        close();
    }

    private static String evaluation(EpochReport.Test test) {
        return String.format(
                Locale.ROOT, "  test loss %.4f  test accuracy %.2f %%", test.loss(), 100 * test.accuracy());
    }

    private void startBar(int epoch) {
        // A log file gets no bar.
        if (System.console() != null) {
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
    @Override
    public void close() {
        if (bar != null) {
            bar.close();
            bar = null;
        }
    }
}
