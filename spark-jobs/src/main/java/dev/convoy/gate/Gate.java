package dev.convoy.gate;

import dev.convoy.data.InvalidValueException;
import dev.convoy.gate.Verdict.Reason;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Decides whether a challenger replaces the champion. It does if all of these hold:
 *
 * <ul>
 *   <li>its accuracy is at least the floor;
 *   <li>it is better by more than chance: {@link McNemar}'s one-sided probability is at most tonight's share of an {@link AlphaBudget};
 *   <li>it is ruled out that it is worse by more than the margin ({@link PairedDifference});
 *   <li>on the champion's old hold-out, where there is one, it is not worse by more than the margin and by more than chance;
 *   <li>no class is worse by more than the class margin and by more than chance, the latter after {@link Holm}'s correction over classes.
 * </ul>
 *
 * <p>Each of them can only reject, so a challenger that is no better is promoted no more often than its test alone would. All of it takes the
 * images of a hold-out for independent draws: frames of one video are not.
 */
public final class Gate {
    private Gate() {}

    /**
     * Decides on a first model, which has no champion to compare with: by the floor alone.
     *
     * @param images of the hold-out, at least 1
     * @param right images that the challenger gets right
     */
    public static Verdict first(GatePolicy policy, int images, int right) {
        if (images < 1 || right < 0 || right > images) {
            throw new InvalidValueException("right", right + " of " + images, "a hold-out has at least one image");
        }
        double accuracy = (double) right / images;
        List<Reason> reasons = accuracy < policy.floor() ? List.of(Reason.BELOW_FLOOR) : List.of();
        return new Verdict(
                reasons.isEmpty(), reasons, images, accuracy, policy.floor(), Optional.empty(), Optional.empty());
    }

    /** Decides by tonight's hold-out. */
    public static Verdict decide(GatePolicy policy, AlphaBudget budget, Answers tonight) {
        return decide(policy, budget, tonight, Optional.empty());
    }

    /**
     * Decides by tonight's hold-out and the one that the champion was promoted on.
     *
     * @param old the answers for the images of the champion's old hold-out, given tonight as well
     */
    public static Verdict decide(GatePolicy policy, AlphaBudget budget, Answers tonight, Answers old) {
        Change change = old.change();
        return decide(
                policy,
                budget,
                tonight,
                Optional.of(new OldHoldOut(change, change.probabilityOfWorse(), policy.alpha(), policy.margin())));
    }

    private static Verdict decide(GatePolicy policy, AlphaBudget budget, Answers tonight, Optional<OldHoldOut> old) {
        Comparison comparison = compare(policy, budget, tonight);
        List<Reason> reasons = reasons(policy, comparison, old);
        return new Verdict(
                reasons.isEmpty(),
                reasons,
                tonight.images(),
                comparison.challengerAccuracy(),
                policy.floor(),
                Optional.of(comparison),
                old);
    }

    private static Comparison compare(GatePolicy policy, AlphaBudget budget, Answers answers) {
        Change change = answers.change();
        double alpha = budget.tonight();
        return new Comparison(
                change,
                (double) answers.champion().cardinality() / answers.images(),
                (double) answers.challenger().cardinality() / answers.images(),
                McNemar.twoSided(change.better(), change.worse()),
                McNemar.midP(change.better(), change.worse()),
                change.probabilityOfBetter(),
                alpha,
                budget.next(),
                change.lowerLimit(policy.alpha()),
                policy.margin(),
                McNemar.smallestDifference(change.images(), change.better() + change.worse(), alpha),
                classes(policy, answers));
    }

    private static List<Reason> reasons(GatePolicy policy, Comparison comparison, Optional<OldHoldOut> old) {
        List<Reason> reasons = new ArrayList<>();
        if (comparison.challengerAccuracy() < policy.floor()) {
            reasons.add(Reason.BELOW_FLOOR);
        }
        if (comparison.change().better() + comparison.change().worse() == 0) {
            reasons.add(Reason.NO_DIFFERENCE);
        } else if (!comparison.isBetter()) {
            reasons.add(Reason.NOT_SHOWN_BETTER);
        }
        if (!comparison.isNotInferior()) {
            reasons.add(Reason.MAY_BE_WORSE);
        }
        if (comparison.classes().stream().anyMatch(ClassComparison::vetoes)) {
            reasons.add(Reason.CLASS_WORSE);
        }
        if (old.isPresent() && old.get().isWorse()) {
            reasons.add(Reason.WORSE_ON_OLD_HOLD_OUT);
        }
        return reasons;
    }

    private static List<ClassComparison> classes(GatePolicy policy, Answers answers) {
        List<Change> changes = answers.changesByClass();
        double[] judged = changes.stream()
                .filter(change -> change.images() >= policy.minClassImages())
                .mapToDouble(Change::probabilityOfWorse)
                .toArray();
        double[] adjusted = Holm.adjusted(judged);
        List<ClassComparison> classes = new ArrayList<>();
        int next = 0;
        for (int c = 0; c < changes.size(); c++) {
            Change change = changes.get(c);
            boolean isJudged = change.images() >= policy.minClassImages();
            double p = isJudged ? adjusted[next++] : 1;
            boolean vetoes = isJudged && p <= policy.alpha() && -change.difference() > policy.classMargin();
            classes.add(new ClassComparison(
                    answers.classNames().get(c), change, change.probabilityOfWorse(), p, isJudged, vetoes));
        }
        return classes;
    }
}
