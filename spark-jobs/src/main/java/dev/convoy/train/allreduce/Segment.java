package dev.convoy.train.allreduce;

import dev.convoy.data.ObjectBytes;
import dev.convoy.data.plan.WorkerLayout;
import dev.convoy.data.rdd.ShardOpener;
import dev.convoy.train.Quarantined;
import dev.convoy.train.RoundReport;
import dev.convoy.train.StateMessage;
import dev.convoy.train.TrainingSpec;
import dev.convoy.train.TrainingState;
import dev.convoy.train.replica.ReplicaSpec;
import dev.convoy.train.sync.SumLayout;
import dev.convoy.train.worker.StateBroadcast;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;

/**
 * A stretch of rounds that executors go through without the driver.
 *
 * @param id of this attempt
 * @param tasks that run its ranks, by partition
 * @param rounds how many, unless the epoch ends before
 */
record Segment(
        String id,
        ReplicaSpec replica,
        TrainingSpec spec,
        AllReduceSpec allReduce,
        WorkerLayout layout,
        List<TaskRanks> tasks,
        ShardOpener opener,
        StateBroadcast start,
        int rounds)
        implements Serializable {
    /** How long a task waits for another, whose ranks have to take their turns first. */
    long timeoutSeconds() {
        return allReduce.timeoutSeconds()
                * tasks.stream().mapToInt(task -> task.ranks().size()).max().orElseThrow();
    }

    /** What the exchanged vectors hold. */
    SumLayout vector() {
        return spec.sync()
                .exchange()
                .layout(replica.bind().layout(), spec.optimizer().slotCount());
    }

    /**
     * How a segment ended, as rank 0 tells.
     *
     * @param state after the last round that counts; the driver adds the totals of the epoch
     * @param knowsLastGood whether the state's last good model is the one that its last round began with; otherwise it is the driver's to
     *     know
     * @param rounds one report each
     * @param fatal contributions that ended training; empty if none did
     */
    record End(TrainingState state, boolean knowsLastGood, List<RoundReport> rounds, List<Quarantined> fatal) {
        /** All but the state. */
        private record Head(boolean knowsLastGood, ArrayList<RoundReport> rounds, ArrayList<Quarantined> fatal)
                implements Serializable {}

        /** Writes the end as arrays of bytes: the reports, then the state. */
        List<byte[]> write() {
            List<byte[]> parts = new ArrayList<>(List.of(StateMessage.write(state)));
            parts.add(0, ObjectBytes.write(new Head(knowsLastGood, new ArrayList<>(rounds), new ArrayList<>(fatal))));
            return parts;
        }

        /** Reads what was written. */
        static End read(List<byte[]> parts) {
            Head head = ObjectBytes.read(parts.get(0), Head.class);
            byte[][] state = parts.subList(1, parts.size()).toArray(byte[][]::new);
            return new End(StateMessage.read(state), head.knowsLastGood, head.rounds, head.fatal);
        }
    }
}
