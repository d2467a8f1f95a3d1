package dev.convoy.gate;

import dev.convoy.data.Printable;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** A verdict in words. */
final class VerdictSentence {
    private static final int SHOWN_CLASSES = 5;

    private VerdictSentence() {}

    static String of(Verdict verdict) {
        List<String> clauses = new ArrayList<>();
        if (verdict.comparison().isEmpty()) {
            clauses.add("first model, judged by the floor alone");
            if (verdict.promoted()) {
                clauses.add(
                        "accuracy " + share(verdict.accuracy()) + " reaches the floor of " + share(verdict.floor()));
            }
        }
        verdict.comparison().ifPresent(comparison -> {
            clauses.add(changed(comparison.change(), comparison.p()));
            if (verdict.promoted()) {
                clauses.add("test " + comparison.test() + " on this hold-out");
            }
        });
        for (Verdict.Reason reason : verdict.reasons()) {
            clauses.addAll(clauses(reason, verdict));
        }
        return (verdict.promoted() ? "promoted: " : "rejected: ") + String.join("; ", clauses);
    }

    private static List<String> clauses(Verdict.Reason reason, Verdict verdict) {
        return switch (reason) {
            case BELOW_FLOOR -> List.of(
                    "accuracy " + share(verdict.accuracy()) + " is below the floor of " + share(verdict.floor()));
            case NO_DIFFERENCE -> List.of(
                    "no difference", smallest(verdict.comparison().orElseThrow()));
            case NOT_SHOWN_BETTER -> List.of(smallest(verdict.comparison().orElseThrow()));
            case MAY_BE_WORSE -> {
                Comparison comparison = verdict.comparison().orElseThrow();
                yield List.of(mayBeWorse(comparison.lowerLimit(), comparison.margin()));
            }
            case CLASS_WORSE -> classes(verdict.comparison().orElseThrow().classes());
            case WORSE_ON_OLD_HOLD_OUT -> {
                OldHoldOut old = verdict.oldHoldOut().orElseThrow();
                yield List.of("on the champion's old hold-out " + changed(old.change(), old.p()) + ", which is "
                        + points(-old.change().difference()) + " less, and must not be more than "
                        + points(old.margin()));
            }
        };
    }

    private static String changed(Change change, double p) {
        return String.format(
                Locale.ROOT,
                "%,d %s got worse, %,d better of %,d (p = %s)",
                change.worse(),
                change.worse() == 1 ? "image" : "images",
                change.better(),
                change.images(),
                probability(p));
    }

    private static String smallest(Comparison comparison) {
        String test = comparison.test() == 1 ? "" : " in test " + comparison.test() + " on it";
        return comparison.smallestDifference() > 1
                ? "this hold-out is too small to show any difference" + test
                : "smallest difference this hold-out can show" + test + ": " + points(comparison.smallestDifference());
    }

    private static String mayBeWorse(double lowerLimit, double margin) {
        return "may be worse by " + points(-lowerLimit) + ", and must not be by " + points(margin);
    }

    private static List<String> classes(List<ClassComparison> classes) {
        List<String> vetoes = classes.stream()
                .filter(ClassComparison::vetoes)
                .map(one -> "class " + Printable.of(one.name()) + " lost "
                        + points(-one.change().difference()))
                .toList();
        if (vetoes.size() <= SHOWN_CLASSES) {
            return vetoes;
        }
        List<String> shown = new ArrayList<>(vetoes.subList(0, SHOWN_CLASSES));
        shown.add("and " + (vetoes.size() - SHOWN_CLASSES) + " more classes");
        return shown;
    }

    /** A share in points, which are hundredths, with two digits and no zeros at the end. */
    private static String points(double share) {
        return number("%.2f", share * 100) + " points";
    }

    /** A share with digits enough to tell one image of a hold-out. */
    private static String share(double share) {
        return number("%.4f", share * 100) + " %";
    }

    private static String number(String format, double number) {
        return String.format(Locale.ROOT, format, number).replaceFirst("\\.?0+$", "");
    }

    private static String probability(double p) {
        return p >= 0.995 ? "1" : String.format(Locale.ROOT, p < 1e-4 ? "%.0e" : "%.2g", p);
    }
}
