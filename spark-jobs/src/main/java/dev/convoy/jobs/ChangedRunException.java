package dev.convoy.jobs;

import dev.convoy.data.ConvoyException;
import java.util.List;

/** A run cannot be gone on with, for example since what it was of has changed; it is left as it was. */
final class ChangedRunException extends ConvoyException {
    private static final long serialVersionUID = 1L;
    private static final int SHOWN = 10;

    ChangedRunException(String message) {
        super(message);
    }

    /**
     * @param changes a line each
     */
    ChangedRunException(String run, List<String> changes) {
        super("Cannot go on with " + run + ", of which something has changed: "
                + String.join("; ", changes.subList(0, Math.min(SHOWN, changes.size())))
                + (changes.size() > SHOWN ? "; and " + (changes.size() - SHOWN) + " more" : "")
                + ". Undo that, give --allow-changes to go on all the same, or train without --resume");
    }
}
