package dev.convoy.train.allreduce;

import dev.convoy.collective.MemoryUse;
import dev.convoy.data.ObjectBytes;
import dev.convoy.data.plan.WorkerLayout;
import dev.convoy.data.rdd.ShardOpener;
import dev.convoy.train.Quarantined;
import dev.convoy.train.RoundReport;
import dev.convoy.train.TrainingSpec;
import dev.convoy.train.TrainingState;
import dev.convoy.train.replica.ReplicaSpec;
import dev.convoy.train.sync.SumLayout;
import dev.convoy.train.transport.StateBlocks;
import dev.convoy.train.transport.StateBroadcast;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;

/**
 * A stretch of rounds that executors go through without the driver.
 *
 * @param id of this attempt
 * @param memory the use of shared memory that this attempt may follow, as {@link MemoryUse#previous} says
 * @param tasks that run its ranks, by partition
 * @param rounds how many, unless the epoch ends before
 */
record Segment(
        String id,
        String memory,
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
     * @param memory the use that was made of shared memory
     */
    record End(
            TrainingState state,
            boolean knowsLastGood,
            List<RoundReport> rounds,
            List<Quarantined> fatal,
            String memory) {
        /** What travels at once. */
        private record Told(
                StateBlocks state,
                boolean knowsLastGood,
                ArrayList<RoundReport> rounds,
                ArrayList<Quarantined> fatal,
                String memory)
                implements Serializable {}

        /** Leaves the state's vectors for the driver, and writes all else. */
        byte[] write(StateBroadcast home) {
            return ObjectBytes.write(new Told(
                    home.keep("end", state), knowsLastGood, new ArrayList<>(rounds), new ArrayList<>(fatal), memory));
        }

        /**
         * Reads what was written.
         *
         * @throws dev.convoy.train.transport.BlockLostException if the state went with its executor
         */
        static End read(byte[] bytes) {
            Told told = ObjectBytes.read(bytes, Told.class);
            return new End(told.state.state(), told.knowsLastGood, told.rounds, told.fatal, told.memory);
        }
    }
}
