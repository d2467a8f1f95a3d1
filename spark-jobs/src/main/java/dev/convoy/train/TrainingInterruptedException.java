package dev.convoy.train;

import dev.convoy.data.ConvoyException;

/** Training has ended before it was done, since it was asked to. */
public final class TrainingInterruptedException extends ConvoyException {
    private static final long serialVersionUID = 1L;

    TrainingInterruptedException(TrainingState last, Throwable cause) {
        super(
                "Training was ended from outside in epoch " + (last.progress().epoch() + 1) + ", after step "
                        + last.progress().step() + " of it",
                cause);
    }
}
