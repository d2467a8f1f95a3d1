package dev.convoy.gate;

import java.util.List;
import java.util.Optional;

/**
 * A decision with all that it rests on.
 *
 * @param promoted whether the challenger becomes champion
 * @param reasons against it, all that apply; none if it is promoted
 * @param images of the hold-out
 * @param accuracy of the challenger, from 0 to 1
 * @param floor that it has to reach
 * @param comparison with the champion; empty in a first night, which has none
 * @param oldHoldOut the comparison on the champion's old hold-out; empty if there was none
 */
public record Verdict(
        boolean promoted,
        List<Reason> reasons,
        int images,
        double accuracy,
        double floor,
        Optional<Comparison> comparison,
        Optional<OldHoldOut> oldHoldOut) {
    /** Why a challenger is not promoted. */
    public enum Reason {
        /** Its accuracy is below the floor. */
        BELOW_FLOOR,
        /** No image got better or worse. */
        NO_DIFFERENCE,
        /** That it is better may be chance. */
        NOT_SHOWN_BETTER,
        /** It may be worse by more than the margin. */
        MAY_BE_WORSE,
        /** A class is worse by more than its margin and by more than chance. */
        CLASS_WORSE,
        /** On the champion's old hold-out it is worse by more than the margin and by more than chance. */
        WORSE_ON_OLD_HOLD_OUT
    }

    public Verdict {
        reasons = List.copyOf(reasons);
        if (promoted != reasons.isEmpty()) {
            throw new IllegalArgumentException("Promoted is " + promoted + ", with the reasons against it " + reasons);
        }
    }

    /** What this night adds to the tests on its hold-out; nothing in a first night. */
    public Optional<AlphaBudget.Test> test() {
        return comparison.map(seen -> new AlphaBudget.Test(seen.alpha(), seen.pBetter(), promoted));
    }

    /** The decision and every reason for it in one line. Names of classes are safe to show. */
    public String sentence() {
        return VerdictSentence.of(this);
    }
}
