package dev.convoy.gate;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;

/** What docs/retraining.md says of hold-outs is what the gate computes. */
class GateTableTest {
    private static final List<Integer> HOLD_OUTS = List.of(500, 2_000, 10_000, 50_000);

    @Test
    void theSmallestDifferencesAreTheGates() throws IOException {
        List<String> document = Files.readAllLines(Path.of("../docs/retraining.md"));
        for (int images : HOLD_OUTS) {
            StringBuilder line = new StringBuilder(String.format(Locale.ROOT, "| %,d |", images));
            for (double changed : new double[] {0.01, 0.05}) {
                for (int test : new int[] {1, 30, 365}) {
                    double alpha = AlphaBudgetTest.rejectedFor(test - 1).tonight();
                    line.append(points(McNemar.smallestDifference(images, (int) (images * changed), alpha)));
                }
            }
            line.append(points(equalModelsMargin(images, 0.01))).append(points(equalModelsMargin(images, 0.05)));
            assertThat(document).contains(line.toString());
        }
    }

    /** The margin that two models of one accuracy just keep. */
    private static double equalModelsMargin(int images, double changed) {
        int half = (int) (images * changed / 2);
        return -new Change(images, half, half).lowerLimit(0.05);
    }

    private static String points(double share) {
        return String.format(Locale.ROOT, " %.2f |", 100 * share);
    }
}
