package dev.convoy.train;

import dev.convoy.data.ConvoyException;
import dev.convoy.model.ModelState;

/** A loss or weights that are not finite; thrown on the driver. */
public final class DivergedException extends ConvoyException {
    private static final long serialVersionUID = 1L;

    private final ModelState lastGood;

    /**
     * @param began the state that the failed round began with
     * @param lastGood the last state known to give a finite loss
     */
    DivergedException(ModelState began, ModelState lastGood, Contribution.Divergence divergence) {
        super("Cannot go on training: " + divergence.what() + " on worker " + divergence.worker() + " in epoch "
                + (began.progress().epoch() + 1) + ", round "
                + (began.progress().round() + 1) + ", step " + (divergence.globalStep() + 1)
                + "; lower optimizer.learning-rate or set optimizer.warmup-epochs (the last good model is kept)");
        this.lastGood = lastGood;
    }

    /** The last state known to give a finite loss. */
    public ModelState lastGood() {
        return lastGood;
    }
}
