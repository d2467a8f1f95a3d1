package dev.convoy.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.convoy.data.ClassWeights;
import dev.convoy.data.ImageShape;
import dev.convoy.model.Network;
import dev.convoy.model.NetworkSpec;
import dev.convoy.model.Progress;
import dev.convoy.model.layer.LayerSpec;
import dev.convoy.model.layer.Size2d;
import dev.convoy.model.optimizer.LearningRate;
import dev.convoy.model.optimizer.OptimizerSpec;
import dev.convoy.train.EarlyStopping;
import dev.convoy.train.EpochReport;
import dev.convoy.train.RoundReport;
import dev.convoy.train.TrainingHistory;
import dev.convoy.train.TrainingListener;
import dev.convoy.train.TrainingSpec;
import dev.convoy.train.TrainingState;
import dev.convoy.train.sync.SyncSpec;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class ConsoleProgressTest {
    private static final Network NETWORK = new NetworkSpec(
                    List.of(new LayerSpec.Conv2d(4, Size2d.square(3)), new LayerSpec.Flatten(), new LayerSpec.Dense(3)))
            .bind(new ImageShape(1, 8, 8));

    private static final TrainingSpec SPEC =
            new TrainingSpec(1, 2, 16, new OptimizerSpec.Sgd(), new LearningRate(0.1), SyncSpec.gradient());

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final AtomicLong clock = new AtomicLong();
    private final TrainingState start = TrainingState.start(NETWORK.initialState(1), new OptimizerSpec.Sgd());
    private final ConsoleProgress progress = new ConsoleProgress(
            new PrintStream(out, true, StandardCharsets.UTF_8),
            "torch on cpu",
            EarlyStopping.NEVER,
            false,
            true,
            clock::get);

    private TrainingListener.Run run(ClassWeights weights) {
        return new TrainingListener.Run(
                NETWORK,
                SPEC,
                4,
                30,
                List.of("cat", "dog", "eel"),
                List.of(800L, 700L, 500L),
                300,
                weights,
                start,
                TrainingHistory.EMPTY);
    }

    private String text() {
        return out.toString(StandardCharsets.UTF_8);
    }

    @Test
    void theHeaderTellsWhatWillBeDone() {
        progress.started(run(ClassWeights.NONE));
        assertThat(text())
                .isEqualToNormalizingNewlines(
                        """
                        2,000 training images of 3 classes, 300 test images, 1x8x8
                        layer                  output   parameters  multiply-adds
                        conv1                   4x6x6           40          1,296
                        flatten1                  144            0              0
                        fc1                         3          435            432
                        torch on cpu, 4 workers of 16 images a step, each about 1 MiB outside the heap
                        475 parameters, 2 epochs of 30 steps
                        """);
    }

    @Test
    void classWeightsAreOneLineHoweverManyThereAre() {
        progress.started(run(new ClassWeights(List.of(1.0, 2.5, 0.125))));
        assertThat(text()).contains("class weights from 0.1250 (eel) to 2.500 (dog)");
    }

    private static RoundReport round(int step) {
        return new RoundReport(
                new Progress(0, step, step, step, step, step * 64L, 0),
                step == 1,
                1,
                0.1,
                1,
                32,
                new RoundReport.Counts(64, 0, 0, 0, 0, 0),
                List.of(),
                List.of(new RoundReport.WorkerTime(1, 0.5)),
                0,
                1);
    }

    /** A file of it gets a line in half a minute at most, and neither bars nor carriage returns. */
    @Test
    void aFileGetsFewLines() {
        progress.started(run(ClassWeights.NONE));
        int header = text().length();
        for (int step = 1; step < 30; step++) {
            clock.addAndGet(TimeUnit.SECONDS.toNanos(4));
            progress.round(round(step));
        }
        assertThat(text().substring(header).lines())
                .containsExactly(
                        "[epoch 1/2 step 8/30 loss 0.5000]",
                        "[epoch 1/2 step 16/30 loss 0.5000]",
                        "[epoch 1/2 step 24/30 loss 0.5000]");
        assertThat(text()).doesNotContain("\r", "\u001b");
    }

    @Test
    void theBestEpochIsMarked() {
        progress.started(run(ClassWeights.NONE));
        progress.epoch(epoch(1, 0.9));
        progress.epoch(epoch(2, 0.8));
        assertThat(text().lines().filter(line -> line.startsWith("epoch")))
                .containsExactly(
                        "epoch 1/2  train loss 0.5000  test loss 0.2500  test accuracy 90.00 %  20 images/s"
                                + "  exchange 20 %  101.0 s  2 min left  best",
                        "epoch 2/2  train loss 0.5000  test loss 0.2500  test accuracy 80.00 %  20 images/s"
                                + "  exchange 20 %  101.0 s");
    }

    private static EpochReport epoch(int number, double accuracy) {
        return new EpochReport(
                number,
                30,
                new EpochReport.Ledger(2000, 2000, 0, 0, 0, 0, 0),
                0.5,
                Optional.of(new EpochReport.Test(300, 0.25, accuracy)),
                100,
                80,
                5,
                5,
                1);
    }
}
