package dev.convoy.jobs;

import dev.convoy.data.Printable;
import dev.convoy.doctor.ThisProcess;
import dev.convoy.model.file.TrainedModel;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * What somebody who finds a model should know of it, for people: what it answers, what it was trained on, how good it is and where it is
 * not. After M. Mitchell et al., "Model cards for model reporting", FAT* 2019.
 */
final class ModelCard {
    /** The file in a model's folder. */
    static final String FILE = "README.md";

    private static final int WEAKEST = 5;
    private static final int NAMED = 100;

    private ModelCard() {}

    /**
     * Writes it.
     *
     * @param job name of the training
     * @param run names the run
     * @param train how many images of each class it was trained on, in the order of the classes
     * @param test how it answers the test images; empty if there are none
     */
    static String of(TrainedModel model, String job, String run, List<Long> train, Optional<Result.Test> test) {
        StringBuilder card = new StringBuilder();
        line(card, "# %s%n", job);
        List<String> names = model.classNames();
        line(
                card,
                "Tells %,d classes of images apart: %s%s.%n",
                names.size(),
                names.stream().limit(NAMED).map(ModelCard::text).collect(Collectors.joining(", ")),
                names.size() > NAMED ? " and more (model.json)" : "");
        line(
                card,
                "Any image is taken for one of these, whatever it shows. Images are brought to %s (channels, rows, columns)"
                        + " as `model.json` says.%n",
                model.network().input());
        line(card, "## Made of%n");
        line(
                card,
                "- %,d training images, %,d to %,d of a class",
                train.stream().mapToLong(Long::longValue).sum(),
                train.stream().mapToLong(Long::longValue).min().orElse(0),
                train.stream().mapToLong(Long::longValue).max().orElse(0));
        line(card, "- %,d parameters", model.parameters().length);
        line(
                card,
                "- by Convoy %s, run `%s`; its `config.resolved.conf` has every setting%n",
                ThisProcess.codeVersion(),
                run);
        line(card, "## How good it is%n");
        if (test.isPresent()) {
            tell(card, test.get());
        } else {
            line(card, "Not known: there were no test images.%n");
        }
        line(card, "## How to ask it%n");
        line(card, "    scripts/convoy predict %s IMAGES --output answers.csv%n", run);
        line(card, "or `Classifier.load` in Java; weights are in the safetensors format.");
        return card.toString();
    }

    private static void tell(StringBuilder card, Result.Test test) {
        long images =
                test.classes().stream().mapToLong(Result.PerClass::support).sum();
        line(card, "- accuracy %s on %,d test images", percent(test.accuracy()), images);
        if (test.sureness() != null) {
            line(
                    card,
                    "- probabilities differ from shares of right answers by %s on average",
                    percent(test.sureness().calibrationError()));
        }
        String weakest = test.classes().stream()
                .filter(one -> one.recall() != null)
                .sorted(Comparator.comparingDouble(Result.PerClass::recall))
                .limit(WEAKEST)
                .map(one -> text(one.name()) + " " + percent(one.recall()))
                .collect(Collectors.joining(", "));
        line(card, "- recognised least often: %s", weakest);
        if (!test.mostConfused().isEmpty()) {
            line(
                    card,
                    "- most often confused: %s",
                    test.mostConfused().stream()
                            .map(pair -> text(pair.trueClass()) + " taken for " + text(pair.answer()) + " ("
                                    + pair.images() + ")")
                            .collect(Collectors.joining(", ")));
        }
        line(card, "");
    }

    /** Names are anybody's, and must not become Markdown or HTML. */
    private static String text(String name) {
        return Printable.of(name).replaceAll("([\\\\`*_{}\\[\\]<>()#|!])", "\\\\$1");
    }

    private static String percent(Double share) {
        return share == null ? "unknown" : String.format(Locale.ROOT, "%.2f %%", 100 * share);
    }

    private static void line(StringBuilder card, String format, Object... values) {
        card.append(String.format(Locale.ROOT, format, values)).append('\n');
    }
}
