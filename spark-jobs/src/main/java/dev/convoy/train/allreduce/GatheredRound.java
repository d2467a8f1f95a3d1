package dev.convoy.train.allreduce;

import dev.convoy.collective.Collective;
import dev.convoy.model.Progress;
import dev.convoy.train.Quarantined;
import dev.convoy.train.RoundReport;
import dev.convoy.train.worker.WorkerResult;
import java.util.List;
import java.util.function.IntToDoubleFunction;
import java.util.stream.IntStream;

/**
 * What all ranks have told each other with a round's vectors, in their {@link ControlSlot}s; every rank reads the same.
 */
final class GatheredRound {
    private final Collective collective;
    private final int workers;
    private final Progress begin;

    /**
     * @param collective that has just summed
     * @param workers the number of ranks
     * @param begin where the round began
     */
    GatheredRound(Collective collective, int workers, Progress begin) {
        this.collective = collective;
        this.workers = workers;
        this.begin = begin;
    }

    /** Where the round began. */
    Progress begin() {
        return begin;
    }

    /**
     * The slots of one rank.
     *
     * @param localSteps that rank 0 has chosen; 0 if it has not
     * @param modelHash of the model that the round began with; 0 in most rounds
     * @param ends whether rank 0 wants the segment to end with this round
     */
    static float[] slots(WorkerResult result, Progress begin, int localSteps, float modelHash, boolean ends) {
        float[] slots = new float[ControlSlot.values().length];
        slots[ControlSlot.WEIGHT.ordinal()] = result.trained();
        ControlSlot.TRAINED.put(slots, result.trained());
        ControlSlot.REJECTED.put(slots, result.rejected());
        ControlSlot.LEFT_OUT.put(slots, result.leftOut());
        slots[ControlSlot.LOSS_SUM.ordinal()] = (float) result.lossSum();
        slots[ControlSlot.LOSS_SUM_LOW.ordinal()] = (float) (result.lossSum() - (float) result.lossSum());
        slots[ControlSlot.NORM.ordinal()] = (float) Math.min(Float.MAX_VALUE, result.norm());
        slots[ControlSlot.SECONDS.ordinal()] = (float) result.time().seconds();
        slots[ControlSlot.DATA_SECONDS.ordinal()] = (float) result.time().dataSeconds();
        result.quarantined().ifPresent(excluded -> {
            slots[ControlSlot.FAULT.ordinal()] = 1 + excluded.fault().ordinal();
            slots[ControlSlot.FAULT_STEP.ordinal()] = excluded.globalStep() - begin.globalStep();
        });
        slots[ControlSlot.LOCAL_STEPS.ordinal()] = localSteps;
        slots[ControlSlot.MODEL_HASH.ordinal()] = modelHash;
        slots[ControlSlot.ENDS.ordinal()] = ends ? 1 : 0;
        return slots;
    }

    private float slot(int rank, ControlSlot slot) {
        return collective.slot(rank, slot.ordinal());
    }

    private double sum(IntToDoubleFunction ofRank) {
        return IntStream.range(0, workers).mapToDouble(ofRank).sum();
    }

    private double total(ControlSlot slot) {
        return sum(rank -> slot(rank, slot));
    }

    /** Examples behind the sum of vectors. */
    double weight() {
        return total(ControlSlot.WEIGHT);
    }

    /** The norms of contributions, weighted by examples. */
    double normSum() {
        return sum(rank -> (double) slot(rank, ControlSlot.WEIGHT) * slot(rank, ControlSlot.NORM));
    }

    double lossSum() {
        return total(ControlSlot.LOSS_SUM) + total(ControlSlot.LOSS_SUM_LOW);
    }

    RoundReport.Counts counts() {
        return new RoundReport.Counts(
                ControlSlot.count(total(ControlSlot.TRAINED), total(ControlSlot.TRAINED_HIGH)),
                ControlSlot.count(total(ControlSlot.REJECTED), total(ControlSlot.REJECTED_HIGH)),
                0,
                ControlSlot.count(total(ControlSlot.LEFT_OUT), total(ControlSlot.LEFT_OUT_HIGH)),
                0,
                0);
    }

    /** Contributions that were left out, by rank. */
    List<Quarantined> quarantined() {
        return IntStream.range(0, workers)
                .filter(rank -> slot(rank, ControlSlot.FAULT) > 0)
                .mapToObj(rank -> new Quarantined(
                        rank,
                        begin.globalStep() + (long) slot(rank, ControlSlot.FAULT_STEP),
                        Quarantined.Fault.values()[(int) slot(rank, ControlSlot.FAULT) - 1]))
                .toList();
    }

    /** Times of the workers, by rank. */
    List<RoundReport.WorkerTime> workerTimes() {
        return IntStream.range(0, workers)
                .mapToObj(rank -> new RoundReport.WorkerTime(
                        slot(rank, ControlSlot.SECONDS), slot(rank, ControlSlot.DATA_SECONDS)))
                .toList();
    }

    /** The number of local steps that rank 0 had chosen before the round; 0 if it had not. */
    int localSteps() {
        return (int) slot(0, ControlSlot.LOCAL_STEPS);
    }

    /** Whether the segment ends with this round. */
    boolean ends() {
        return slot(0, ControlSlot.ENDS) > 0;
    }

    /** Whether ranks began the round with different models, as hosts with different processors may round differently. */
    boolean isDrifted() {
        return IntStream.range(1, workers)
                .anyMatch(rank -> slot(rank, ControlSlot.MODEL_HASH) != slot(0, ControlSlot.MODEL_HASH));
    }
}
