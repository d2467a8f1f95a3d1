package dev.convoy.train.worker;

import dev.convoy.train.Quarantined;
import dev.convoy.train.RoundReport;
import java.util.Optional;

/**
 * What came of one worker's round.
 *
 * @param trained examples, the contribution's weight; 0 under quarantine
 * @param rejected planned examples that could not be decoded
 * @param leftOut examples lost to quarantine
 * @param lossSum over the examples trained
 * @param norm of the contribution, as {@link dev.convoy.train.sync.Exchange#norm} has it
 * @param time that it took
 * @param quarantined why the contribution does not count; empty if it does
 */
public record WorkerResult(
        long trained,
        long rejected,
        long leftOut,
        double lossSum,
        double norm,
        RoundReport.WorkerTime time,
        Optional<Quarantined> quarantined) {
    /**
     * Its counts of examples.
     *
     * @param repeated whether an earlier attempt at the same round was given up
     */
    public RoundReport.Counts counts(boolean repeated) {
        return new RoundReport.Counts(trained, rejected, 0, leftOut, 0, repeated ? trained : 0);
    }
}
