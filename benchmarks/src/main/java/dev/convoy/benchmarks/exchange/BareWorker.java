package dev.convoy.benchmarks.exchange;

import dev.convoy.benchmarks.contest.Workload;
import dev.convoy.data.plan.EpochPlan;
import dev.convoy.data.plan.WorkerLayout;
import dev.convoy.data.plan.WorkerShard;
import dev.convoy.model.backend.ComputeBackend;
import dev.convoy.model.backend.LocalTrainer;
import dev.convoy.model.backend.StepKey;
import dev.convoy.model.optimizer.OptimizerState;
import dev.convoy.train.TrainingSpec;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** A worker that trains on its own shard and exchanges nothing, in a thread of its own. */
final class BareWorker {
    private final ExecutorService thread = Executors.newSingleThreadExecutor();
    private final int rank;
    private final WorkerShard shard;
    private final WorkerLayout layout;
    private final TrainingSpec spec;
    private final LocalTrainer trainer;
    private int epoch;
    private int step;

    /** Starts the thread and makes the replica in it. */
    BareWorker(int rank, WorkerShard shard, WorkerLayout layout, Workload workload, TrainingSpec spec)
            throws ExecutionException, InterruptedException {
        this.rank = rank;
        this.shard = shard;
        this.layout = layout;
        this.spec = spec;
        this.trainer = thread.submit(() -> {
                    var network = workload.spec().bind(workload.input());
                    LocalTrainer local = new LocalTrainer(
                            ComputeBackend.named("torch").newReplica(network, workload.normalization()),
                            network,
                            spec.optimizer());
                    local.load(network.initialState(1), OptimizerState.NONE);
                    return local;
                })
                .get();
    }

    /**
     * Takes steps in its thread.
     *
     * @param together where workers meet after every step
     */
    Future<?> train(int steps, CyclicBarrier together) {
        return thread.submit(() -> {
            take(steps, together);
            return null;
        });
    }

    private void take(int steps, CyclicBarrier together)
            throws BrokenBarrierException, InterruptedException, TimeoutException {
        EpochPlan plan = spec.plan(layout, epoch);
        for (int i = 0; i < steps; i++) {
            if (step == plan.steps()) {
                step = 0;
                plan = spec.plan(layout, ++epoch);
            }
            long[] ids = plan.batch(rank, step, shard);
            double loss = trainer.step(shard.gather(ids), new StepKey(1, step, rank), Workload.LEARNING_RATE)
                    .getAsDouble();
            if (!Double.isFinite(loss)) {
                throw new IllegalStateException("The loss is " + loss);
            }
            step++;
            together.await(1, TimeUnit.MINUTES);
        }
    }
}
