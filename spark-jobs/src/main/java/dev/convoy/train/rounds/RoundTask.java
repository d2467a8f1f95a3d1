package dev.convoy.train.rounds;

import dev.convoy.data.plan.EpochPlan;
import dev.convoy.data.plan.WorkerLayout;
import dev.convoy.data.plan.WorkerShard;
import dev.convoy.data.rdd.ShardOpener;
import dev.convoy.model.ModelState;
import dev.convoy.model.Progress;
import dev.convoy.model.backend.LocalTrainer;
import dev.convoy.train.TrainingSpec;
import dev.convoy.train.replica.ReplicaPool;
import dev.convoy.train.replica.ReplicaSpec;
import dev.convoy.train.sync.SumLayout;
import dev.convoy.train.worker.BatchStream;
import dev.convoy.train.worker.ModelBroadcast;
import dev.convoy.train.worker.WorkerRound;
import java.io.Serializable;
import java.nio.FloatBuffer;
import org.apache.spark.TaskContext;
import scala.Function2;
import scala.collection.Iterator;
import scala.collection.JavaConverters;

/**
 * One worker's part of a round; runs on an executor, over the worker's own partition. It is a class, since Spark takes several
 * milliseconds to read the bytecode around every lambda that it is given.
 *
 * @param vector what a contribution holds
 * @param local takes the vector in local mode; null elsewhere
 * @param bound the largest norm that counts
 */
record RoundTask(
        ReplicaSpec replica,
        TrainingSpec spec,
        WorkerLayout layout,
        ShardOpener opener,
        SumLayout vector,
        ModelBroadcast start,
        LocalVectors local,
        int steps,
        double bound)
        implements Function2<TaskContext, Iterator<byte[]>, Contribution>, Serializable {
    @Override
    public Contribution apply(TaskContext task, Iterator<byte[]> chunks) {
        boolean repeated = task.attemptNumber() > 0 || task.stageAttemptNumber() > 0;
        WorkerShard shard = opener.open(JavaConverters.asJavaIterator(chunks));
        try {
            Contribution contribution =
                    ReplicaPool.with(replica.forTask(task), trainer -> run(trainer, task, shard, repeated));
            return local == null
                    ? contribution
                    : contribution.withVector(local.put(task.partitionId(), contribution.vector()));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("The task was interrupted", e);
        }
    }

    private Contribution run(LocalTrainer trainer, TaskContext task, WorkerShard shard, boolean repeated) {
        ModelState begin = start.state();
        Progress now = begin.progress();
        EpochPlan plan = spec.plan(layout, now.epoch());
        trainer.load(begin);
        WorkerRound.WorkerResult outcome;
        try (BatchStream batches =
                new BatchStream(spec, plan, task.partitionId(), shard, task.cpus(), now.step(), now.step() + steps)) {
            outcome = new WorkerRound(trainer, spec, batches, now, null).run(steps, bound);
        }
        float[] mean = new float[outcome.trained() == 0 ? 0 : vector.length()];
        if (mean.length > 0) {
            WorkerRound.copy(trainer, spec.sync(), vector, vector.parameters(), FloatBuffer.wrap(mean));
        }
        return Contribution.of(outcome, mean, spec.sync().compression(), repeated);
    }
}
