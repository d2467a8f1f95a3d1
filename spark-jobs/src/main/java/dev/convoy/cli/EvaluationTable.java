package dev.convoy.cli;

import dev.convoy.data.Printable;
import dev.convoy.jobs.Result;
import java.io.PrintStream;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;

/** An evaluation as text. */
final class EvaluationTable {
    private EvaluationTable() {}

    static void print(Result.Test test, PrintStream out) {
        out.printf("%-20s %9s %9s %9s%n", "class", "precision", "recall", "images");
        for (Result.PerClass line : test.classes()) {
            out.printf(
                    Locale.ROOT,
                    "%-20s %9s %9s %9d%n",
                    Printable.of(line.name()),
                    percent(line.precision()),
                    percent(line.recall()),
                    line.support());
        }
        if (!test.mostConfused().isEmpty()) {
            out.println("most often confused: "
                    + test.mostConfused().stream()
                            .map(pair -> Printable.of(pair.trueClass()) + " taken for " + Printable.of(pair.answer())
                                    + " (" + pair.images() + ")")
                            .collect(Collectors.joining(", ")));
        }
        Optional.ofNullable(test.sureness())
                .ifPresent(sureness -> out.printf(
                        "top-5 accuracy %s, calibration error %s%n",
                        percent(sureness.top5Accuracy()), percent(sureness.calibrationError())));
        out.printf(Locale.ROOT, "test accuracy %s, test loss %.4f%n", percent(test.accuracy()), test.loss());
    }

    /** Below this, a difference is taken for more than chance. */
    private static final double LEVEL = 0.05;

    static void print(Result.Comparison with, PrintStream out) {
        String verdict = with.probability() > LEVEL
                ? "no more than chance"
                : with.better() > with.worse() ? "better by more than chance" : "worse by more than chance";
        out.printf(
                Locale.ROOT,
                "compared with %s (%s): %d images better, %d worse, p = %.2g (McNemar): %s%n",
                with.with(),
                percent(with.accuracy()),
                with.better(),
                with.worse(),
                with.probability(),
                verdict);
    }

    static String percent(Double share) {
        return share == null ? "-" : String.format(Locale.ROOT, "%.2f %%", 100 * share);
    }
}
