package dev.convoy.model;

import java.io.Serializable;

/**
 * How far training has come; all counts from 0.
 *
 * @param epoch epochs completed
 * @param round rounds completed within the current epoch
 * @param step steps completed within the current epoch
 * @param globalRound rounds completed since the start
 * @param globalStep steps completed since the start; one for each global batch
 * @param examples examples trained, by all workers together
 * @param localSteps steps of a round, where training has chosen them by itself; 0 if it has not
 */
public record Progress(int epoch, int round, int step, long globalRound, long globalStep, long examples, int localSteps)
        implements Serializable {
    /** Nothing done yet. */
    public static final Progress START = new Progress(0, 0, 0, 0, 0, 0, 0);

    /**
     * Counts one more round; with the epoch's last step the next epoch begins.
     *
     * @param steps in the round
     * @param trained examples that all workers trained in it
     * @param stepsOfEpoch in the whole epoch
     */
    public Progress afterRound(int steps, long trained, int stepsOfEpoch) {
        boolean last = step + steps == stepsOfEpoch;
        return new Progress(
                last ? epoch + 1 : epoch,
                last ? 0 : round + 1,
                last ? 0 : step + steps,
                globalRound + 1,
                globalStep + steps,
                examples + trained,
                localSteps);
    }

    /** Rounds have this many steps from now on. */
    public Progress withLocalSteps(int chosen) {
        return new Progress(epoch, round, step, globalRound, globalStep, examples, chosen);
    }
}
