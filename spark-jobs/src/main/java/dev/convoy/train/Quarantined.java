package dev.convoy.train;

import dev.convoy.model.Progress;
import java.io.Serializable;

/**
 * A contribution that was left out.
 *
 * @param worker rank; {@link #UNKNOWN} where nobody knows
 * @param globalStep where it was noticed, from 0
 */
public record Quarantined(int worker, long globalStep, Fault fault) implements Serializable {
    /** The rank of a worker that a master does not tell. */
    public static final int UNKNOWN = -1;

    /** Whether the state that a round began with is to blame: its loss was not finite before any step was taken. */
    public boolean condemns(Progress begin) {
        return fault == Fault.LOSS && globalStep == begin.globalStep();
    }

    /** What can be wrong with a contribution. */
    public enum Fault {
        LOSS("the loss is not finite"),
        UPDATE("the update is not finite"),
        NORM("the update is larger than the largest norm allowed, a multiple of the median"),
        MEAN("the averaged weights are not finite");

        private final String words;

        Fault(String words) {
            this.words = words;
        }

        @Override
        public String toString() {
            return words;
        }
    }
}
