package dev.convoy.cli;

import dev.convoy.data.Printable;
import dev.convoy.jobs.Result;
import java.io.PrintStream;
import java.util.Locale;

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
        out.printf(Locale.ROOT, "test accuracy %s, test loss %.4f%n", percent(test.accuracy()), test.loss());
    }

    static String percent(Double share) {
        return share == null ? "-" : String.format(Locale.ROOT, "%.2f %%", 100 * share);
    }
}
