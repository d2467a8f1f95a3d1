package dev.convoy.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.convoy.data.ClassWeights;
import dev.convoy.data.ImageShape;
import dev.convoy.model.ModelState;
import dev.convoy.model.NetworkSpec;
import dev.convoy.model.layer.LayerSpec;
import dev.convoy.model.optimizer.OptimizerSpec;
import dev.convoy.train.TrainingHistory;
import dev.convoy.train.TrainingListener;
import dev.convoy.train.TrainingState;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

class ConsoleProgressTest {
    @Test
    void classWeightsAreOneLineHoweverManyThereAre() {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (ConsoleProgress progress = new ConsoleProgress(new PrintStream(out, true, StandardCharsets.UTF_8))) {
            progress.runStarted(new TrainingListener.Run(
                    new NetworkSpec(List.of(new LayerSpec.Flatten(), new LayerSpec.Dense(3)))
                            .bind(new ImageShape(1, 8, 8)),
                    4,
                    2,
                    30,
                    List.of("cat", "dog", "eel"),
                    new ClassWeights(List.of(1.0, 2.5, 0.125)),
                    TrainingState.start(new ModelState(new float[0], new float[0]), new OptimizerSpec.Sgd()),
                    TrainingHistory.EMPTY));
        }
        assertThat(out.toString(StandardCharsets.UTF_8))
                .isEqualToNormalizingNewlines(
                        """
                        class weights from 0.1250 (eel) to 2.500 (dog)
                        195 parameters, 2 epochs of 30 steps
                        """);
    }
}
