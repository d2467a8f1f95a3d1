package dev.convoy.train.allreduce;

import dev.convoy.data.plan.WorkerLayout;
import dev.convoy.data.rdd.ShardOpener;
import dev.convoy.model.ModelState;
import dev.convoy.train.Quarantined;
import dev.convoy.train.RoundReport;
import dev.convoy.train.TrainingSpec;
import dev.convoy.train.replica.ReplicaSpec;
import dev.convoy.train.sync.LocalStepsChoice;
import dev.convoy.train.sync.Quarantine;
import dev.convoy.train.sync.SumLayout;
import dev.convoy.train.worker.ModelBroadcast;
import java.io.Serializable;
import java.util.List;

/**
 * A stretch of rounds that executors go through without the driver.
 *
 * @param id of this attempt
 * @param rounds how many, unless the epoch ends before
 * @param quarantine as it stands at the start
 * @param choice as it stands at the start
 */
record Segment(
        String id,
        ReplicaSpec replica,
        TrainingSpec spec,
        AllReduceSpec allReduce,
        WorkerLayout layout,
        ShardOpener opener,
        ModelBroadcast start,
        int rounds,
        Quarantine quarantine,
        LocalStepsChoice choice)
        implements Serializable {
    /** What the exchanged vectors hold. */
    SumLayout vector(int slotCount) {
        return spec.sync().layout(replica.bind().layout(), slotCount);
    }

    /**
     * How it ended, as rank 0 tells.
     *
     * @param state after the last round that counts
     * @param rounds one report each
     * @param quarantine as it stands now
     * @param choice as it stands now
     * @param fatal contributions that ended training; empty if none did
     */
    record End(
            ModelState state,
            List<RoundReport> rounds,
            Quarantine quarantine,
            LocalStepsChoice choice,
            List<Quarantined> fatal)
            implements Serializable {}
}
