package dev.convoy.train;

import dev.convoy.data.ImageChunk;
import dev.convoy.data.WorkerLayout;
import dev.convoy.data.WorkerShard;
import dev.convoy.model.ModelState;
import dev.convoy.model.backend.LocalTrainer;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.function.Function2;

/**
 * One worker's part of a round; runs on an executor, over the worker's own partition.
 *
 * @param bound the largest norm that counts
 */
record RoundTask(ReplicaSpec replica, TrainingSpec spec, WorkerLayout layout, Outgoing start, int steps, double bound)
        implements Function2<Integer, Iterator<ImageChunk>, Iterator<Contribution>> {
    @Override
    public Iterator<Contribution> call(Integer worker, Iterator<ImageChunk> chunks) throws InterruptedException {
        List<ImageChunk> own = new ArrayList<>();
        chunks.forEachRemaining(own::add);
        TaskContext task = TaskContext.get();
        boolean repeated = task.attemptNumber() > 0 || task.stageAttemptNumber() > 0;
        WorkerShard shard = new WorkerShard(own);
        Contribution contribution =
                ReplicaPool.with(replica.forTask(task), trainer -> run(trainer, worker, shard, repeated));
        return List.of(contribution).iterator();
    }

    private Contribution run(LocalTrainer trainer, int worker, WorkerShard shard, boolean repeated) {
        ModelState begin = start.state();
        trainer.load(begin);
        WorkerRound.Outcome outcome =
                new WorkerRound(trainer, spec, layout, worker, shard, begin.progress()).run(steps, bound);
        SumLayout vector =
                spec.sync().layout(replica.bind().layout(), trainer.slots().size());
        float[] mean = new float[outcome.trained() == 0 ? 0 : vector.length()];
        if (mean.length > 0) {
            WorkerRound.copy(trainer, spec.sync(), vector, FloatBuffer.wrap(mean));
        }
        Contribution contribution = Contribution.of(outcome, mean, spec.sync().compression(), repeated);
        return start instanceof Outgoing.InProcess ? contribution.handedOver() : contribution;
    }
}
