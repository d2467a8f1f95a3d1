package dev.convoy.train;

import dev.convoy.data.EpochPlan;
import dev.convoy.data.ImageBatch;
import dev.convoy.data.ImageChunk;
import dev.convoy.data.WorkerLayout;
import dev.convoy.data.WorkerShard;
import dev.convoy.model.HeapVector;
import dev.convoy.model.LocalTrainer;
import dev.convoy.model.ModelState;
import dev.convoy.model.Vector;
import dev.convoy.model.backend.StepKey;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.function.Function2;
import org.apache.spark.broadcast.Broadcast;

/** One worker's part of a round; runs on an executor, over the worker's own partition. */
record RoundTask(ReplicaSpec replica, TrainingSpec spec, WorkerLayout layout, Broadcast<ModelState> start)
        implements Function2<Integer, Iterator<ImageChunk>, Iterator<Contribution>> {
    @Override
    public Iterator<Contribution> call(Integer worker, Iterator<ImageChunk> chunks) throws InterruptedException {
        List<ImageChunk> own = new ArrayList<>();
        chunks.forEachRemaining(own::add);
        TaskContext task = TaskContext.get();
        boolean repeated = task.attemptNumber() > 0 || task.stageAttemptNumber() > 0;
        Contribution contribution =
                ReplicaPool.with(replica, trainer -> new Work(trainer, worker, new WorkerShard(own), repeated).run());
        return List.of(contribution).iterator();
    }

    /** The steps of one worker, on the thread that owns its replica. */
    private final class Work {
        private final LocalTrainer trainer;
        private final int worker;
        private final WorkerShard shard;
        private final boolean repeated;
        private final ModelState begin = start.value();
        private final EpochPlan plan = spec.plan(layout, begin.progress().epoch());
        private final long began = System.nanoTime();
        private long trained;
        private long rejected;
        private double lossSum;

        Work(LocalTrainer trainer, int worker, WorkerShard shard, boolean repeated) {
            this.trainer = trainer;
            this.worker = worker;
            this.shard = shard;
            this.repeated = repeated;
        }

        Contribution run() {
            trainer.load(begin);
            int round = begin.progress().round();
            for (int i = 0; i < plan.stepsIn(round); i++) {
                long[] ids = plan.batch(worker, plan.firstStep(round) + i);
                ImageBatch batch = shard.gather(ids);
                rejected += ids.length - batch.size();
                if (batch.size() > 0) {
                    long globalStep = begin.progress().globalStep() + i;
                    double loss = step(batch, globalStep);
                    if (!Double.isFinite(loss)) {
                        return Contribution.diverged(new Contribution.Divergence(worker, globalStep, loss), counts());
                    }
                    lossSum += loss;
                    trained += batch.size();
                }
            }
            return trained == 0 ? Contribution.empty(counts()) : contribution();
        }

        private double step(ImageBatch batch, long globalStep) {
            StepKey key = new StepKey(spec.seed(), globalStep, worker);
            if (spec.exchange() == Exchange.GRADIENT) {
                return trainer.replica().train(batch, key);
            }
            double rate = spec.learningRate().at(globalStep, plan.steps(), spec.epochs());
            return trainer.step(batch, key, rate);
        }

        private Contribution contribution() {
            Vector buffers = trainer.replica().buffers();
            float[] update;
            List<float[]> slots = List.of();
            if (spec.exchange() == Exchange.GRADIENT) {
                update = trainer.replica().gradient().toArray();
            } else {
                update = trainer.replica().parameters().toArray();
                HeapVector.over(update).add(-1, HeapVector.over(begin.parameters()));
                if (spec.optimizerState() == OptimizerStatePolicy.AVERAGE) {
                    slots = trainer.optimizerState().slots();
                }
            }
            return Contribution.of(trained, update, buffers.toArray(), slots, lossSum, counts());
        }

        private Contribution.Counts counts() {
            double seconds = (System.nanoTime() - began) / 1e9;
            return new Contribution.Counts(trained, rejected, repeated ? trained : 0, seconds);
        }
    }
}
