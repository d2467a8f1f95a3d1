package dev.convoy.train;

import dev.convoy.data.ConvoyException;
import dev.convoy.model.ModelState;

/** A loss or weights that are not finite; thrown on the driver. */
public final class DivergedException extends ConvoyException {
    private static final long serialVersionUID = 1L;

    private final ModelState lastGood;

    DivergedException(ModelState lastGood, Contribution.Divergence divergence) {
        super("Cannot go on training: " + divergence.what() + " on worker " + divergence.worker() + " in epoch "
                + (lastGood.progress().epoch() + 1) + ", round "
                + (lastGood.progress().round() + 1) + ", step " + (divergence.globalStep() + 1)
                + "; lower optimizer.learning-rate or set optimizer.warmup-epochs (the model from before that round is"
                + " kept)");
        this.lastGood = lastGood;
    }

    /** The state before the round that failed. */
    public ModelState lastGood() {
        return lastGood;
    }
}
