package dev.convoy.train.rounds;

import dev.convoy.data.plan.WorkerLayout;
import dev.convoy.data.plan.WorkerShard;
import dev.convoy.data.rdd.ShardOpener;
import dev.convoy.model.Progress;
import dev.convoy.model.backend.LocalTrainer;
import dev.convoy.train.TrainingSpec;
import dev.convoy.train.TrainingState;
import dev.convoy.train.replica.ReplicaPool;
import dev.convoy.train.replica.ReplicaSpec;
import dev.convoy.train.sync.SumLayout;
import dev.convoy.train.transport.StateBroadcast;
import dev.convoy.train.worker.BatchStream;
import dev.convoy.train.worker.WorkerResult;
import dev.convoy.train.worker.WorkerRound;
import java.io.Serializable;
import java.nio.FloatBuffer;
import java.util.Optional;
import org.apache.spark.TaskContext;
import scala.Function2;
import scala.collection.Iterator;
import scala.collection.JavaConverters;

/**
 * One worker's part of a round; runs on an executor, over the worker's own partition, and brings home a {@link Contribution} in
 * bytes. It is a class, since Spark takes several milliseconds to read the bytecode around every lambda that it is given.
 *
 * @param vector what a contribution holds
 * @param bound the largest norm that counts
 * @param again whether the round has been given up before
 */
record RoundTask(
        ReplicaSpec replica,
        TrainingSpec spec,
        WorkerLayout layout,
        ShardOpener opener,
        SumLayout vector,
        StateBroadcast start,
        int steps,
        double bound,
        boolean again)
        implements Function2<TaskContext, Iterator<byte[]>, byte[]>, Serializable {
    @Override
    public byte[] apply(TaskContext task, Iterator<byte[]> chunks) {
        boolean repeated = again || task.attemptNumber() > 0 || task.stageAttemptNumber() > 0;
        WorkerShard shard = opener.open(JavaConverters.asJavaIterator(chunks));
        try {
            return ReplicaPool.withTrainer(
                            replica.forTask(task), spec.optimizer(), trainer -> run(trainer, task, shard, repeated))
                    .write();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("The task was interrupted", e);
        }
    }

    private Contribution run(LocalTrainer trainer, TaskContext task, WorkerShard shard, boolean repeated) {
        Progress begin;
        try (StateBroadcast.Loan loan = start.borrow()) {
            TrainingState state = loan.state();
            begin = state.progress();
            trainer.load(state.model(), state.optimizer());
        }
        WorkerResult result;
        try (BatchStream batches = new BatchStream(
                spec,
                spec.plan(layout, begin.epoch()),
                task.partitionId(),
                shard,
                task.cpus(),
                begin.step(),
                begin.step() + steps)) {
            result = new WorkerRound(trainer, spec, batches, begin, Optional.empty())
                    .run(steps, bound, task::isInterrupted);
        }
        return Contribution.of(
                result,
                repeated,
                () -> start.keep(
                        "rank_" + task.partitionId() + "_" + task.taskAttemptId(),
                        vector.length(),
                        (from, target) -> {
                            WorkerRound.copy(trainer, spec.sync().exchange(), vector, from, target);
                            scale(target, result.trained());
                        },
                        spec.sync().compression(),
                        task::isInterrupted));
    }

    private static void scale(FloatBuffer values, float factor) {
        for (int i = values.position(); i < values.limit(); i++) {
            values.put(i, values.get(i) * factor);
        }
    }
}
