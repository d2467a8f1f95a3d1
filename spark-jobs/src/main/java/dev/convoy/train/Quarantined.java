package dev.convoy.train;

import java.io.Serializable;

/**
 * A contribution that was left out.
 *
 * @param worker rank
 * @param globalStep where it was noticed, from 0
 */
public record Quarantined(int worker, long globalStep, Fault fault) implements Serializable {
    /** What can be wrong with a contribution. */
    public enum Fault {
        LOSS("the loss is not finite"),
        UPDATE("the update is not finite"),
        NORM("the update is larger than sync.max-norm times the median"),
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
