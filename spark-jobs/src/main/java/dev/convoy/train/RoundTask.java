package dev.convoy.train;

import dev.convoy.data.EpochPlan;
import dev.convoy.data.ImageBatch;
import dev.convoy.data.ImageChunk;
import dev.convoy.data.WorkerLayout;
import dev.convoy.data.WorkerShard;
import dev.convoy.model.HeapVector;
import dev.convoy.model.ModelState;
import dev.convoy.model.Vector;
import dev.convoy.model.backend.LocalTrainer;
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
        Contribution contribution = ReplicaPool.with(
                replica.forTask(task), trainer -> new Work(trainer, worker, new WorkerShard(own), repeated).run());
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
            int steps = plan.stepsIn(begin.progress().round());
            for (int i = 0; i < steps; i++) {
                long globalStep = begin.progress().globalStep() + i;
                double loss =
                        step(plan.batch(worker, plan.firstStep(begin.progress().round()) + i), globalStep);
                if (!Double.isFinite(loss)) {
                    return diverged(globalStep, "the loss is " + loss);
                }
                lossSum += loss;
            }
            if (trained == 0) {
                return Contribution.empty(counts());
            }
            float[] update = update();
            // The loss is measured before a step, so only this tells of a last step that went too far.
            return HeapVector.over(update).isFinite()
                    ? contribution(update)
                    : diverged(begin.progress().globalStep() + steps - 1, "the weights are not finite");
        }

        private Contribution diverged(long globalStep, String what) {
            return Contribution.diverged(new Contribution.Divergence(worker, globalStep, what), counts());
        }

        /** The loss of one step, summed over its examples; 0 if there are none. */
        private double step(long[] ids, long globalStep) {
            if (ids.length == 0) {
                return 0;
            }
            ImageBatch batch = shard.gather(ids);
            rejected += ids.length - batch.size();
            if (batch.size() == 0) {
                return 0;
            }
            trained += batch.size();
            StepKey key = new StepKey(spec.seed(), globalStep, worker);
            if (spec.exchange() == Exchange.GRADIENT) {
                return trainer.replica().train(batch, key);
            }
            double rate = spec.learningRate().at(globalStep, plan.steps(), spec.epochs());
            return trainer.step(batch, key, rate);
        }

        private float[] update() {
            if (spec.exchange() == Exchange.GRADIENT) {
                return trainer.replica().gradient().toArray();
            }
            return moved(trainer.replica().parameters(), begin.parameters());
        }

        /** Distances, not places: what has not moved stays, to the last bit, however many workers are averaged. */
        private static float[] moved(Vector now, float[] start) {
            float[] moved = now.toArray();
            HeapVector.over(moved).add(-1, HeapVector.over(start));
            return moved;
        }

        private Contribution contribution(float[] update) {
            boolean averaged = spec.exchange() == Exchange.PARAMETER_AVERAGING
                    && spec.optimizerState() == OptimizerStatePolicy.AVERAGE;
            List<float[]> slots = averaged ? trainer.optimizerState().slots() : List.of();
            float[] buffers = moved(trainer.replica().buffers(), begin.buffers());
            return Contribution.of(trained, update, buffers, slots, lossSum, counts());
        }

        private Contribution.Counts counts() {
            double seconds = (System.nanoTime() - began) / 1e9;
            return new Contribution.Counts(trained, rejected, repeated ? trained : 0, seconds);
        }
    }
}
