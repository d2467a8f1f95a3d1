package dev.convoy.train;

import dev.convoy.data.ConvoyException;
import dev.convoy.model.ModelState;
import dev.convoy.model.Progress;
import java.util.List;

/** A loss or weights that are not finite; thrown on the driver. */
public final class DivergedException extends ConvoyException {
    private static final long serialVersionUID = 1L;

    private final ModelState lastGood;

    /**
     * @param began where the failed round began
     * @param lastGood the last model known to give a finite loss
     * @param reasons in the last round, not empty
     */
    public DivergedException(Progress began, ModelState lastGood, List<Quarantined> reasons) {
        super("Cannot go on training: " + reasons.get(0).fault() + where(reasons) + " in epoch "
                + (began.epoch() + 1) + ", round "
                + (began.round() + 1) + ", step "
                + (reasons.get(0).globalStep() + 1)
                + "; lower the learning rate or warm it up over some epochs (the last good model is kept)");
        this.lastGood = lastGood;
    }

    private static String where(List<Quarantined> reasons) {
        if (reasons.get(0).fault() == Quarantined.Fault.MEAN || reasons.get(0).worker() == Quarantined.UNKNOWN) {
            return "";
        }
        return " on worker " + reasons.get(0).worker()
                + (reasons.size() == 1 ? "" : " and on " + (reasons.size() - 1) + " more");
    }

    /** The last model known to give a finite loss. */
    public ModelState lastGood() {
        return lastGood;
    }
}
