package dev.convoy.train;

import dev.convoy.data.EpochPlan;
import dev.convoy.data.rdd.ImageShards;
import dev.convoy.model.HeapVector;
import dev.convoy.model.ModelState;
import dev.convoy.model.OptimizerState;
import dev.convoy.model.Progress;
import dev.convoy.model.Vector;
import java.util.List;
import java.util.function.Consumer;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;

/**
 * One Spark job a round: the state goes out as a broadcast, contributions come back and are summed by rank, and the
 * broadcast is destroyed. A task that is lost is repeated by Spark from the same broadcast and the same plan, and so brings
 * home the same numbers.
 */
public final class RoundsMaster implements TrainingMaster {
    private final JavaSparkContext spark;
    private final ImageShards shards;
    private final ReplicaSpec replica;
    private final TrainingSpec spec;
    private final Vector decayed;

    /** The last state from which every worker's first loss was finite; null before the first round. */
    private ModelState lastGood;

    public RoundsMaster(JavaSparkContext spark, ImageShards shards, ReplicaSpec replica, TrainingSpec spec) {
        this.spark = spark;
        this.shards = shards;
        this.replica = replica;
        this.spec = spec;
        this.decayed = HeapVector.over(replica.bind().layout().decayMask());
    }

    @Override
    public ModelState advance(ModelState state, int rounds, Consumer<RoundReport> onRound) {
        EpochPlan plan = spec.plan(shards.layout(), state.progress().epoch());
        ModelState now = state;
        for (int i = 0; i < rounds; i++) {
            long began = System.nanoTime();
            Contribution sum = Contribution.sum(runJob(now));
            checkFinite(now, sum.divergence());
            lastGood = now;
            now = apply(now, sum, plan);
            if (!now.isFinite()) {
                long step = now.progress().globalStep() - 1;
                String what = "the averaged weights are not finite";
                throw new DivergedException(lastGood, lastGood, new Contribution.Divergence(0, step, what));
            }
            double seconds = (System.nanoTime() - began) / 1e9;
            onRound.accept(new RoundReport(now.progress(), sum.lossSum(), sum.counts(), seconds));
        }
        return now;
    }

    private void checkFinite(ModelState now, Contribution.Divergence divergence) {
        if (divergence != null) {
            // A loss that is not finite at a round's first step condemns the state that the round began with.
            boolean first = divergence.globalStep() == now.progress().globalStep();
            throw new DivergedException(now, first && lastGood != null ? lastGood : now, divergence);
        }
    }

    private List<Contribution> runJob(ModelState state) {
        boolean carriesOptimizer = spec.exchange() == Exchange.PARAMETER_AVERAGING
                && spec.optimizerState() == OptimizerStatePolicy.AVERAGE;
        Broadcast<ModelState> start = spark.broadcast(carriesOptimizer ? state : state.withoutOptimizer());
        try {
            RoundTask task = new RoundTask(replica, spec, shards.layout(), start);
            // Collected in the order of partitions, which is the order of ranks.
            return shards.chunks().mapPartitionsWithIndex(task, true).collect();
        } finally {
            start.destroy();
        }
    }

    private ModelState apply(ModelState state, Contribution sum, EpochPlan plan) {
        Progress progress = progressAfter(state.progress(), sum.counts().trained(), plan);
        if (sum.weight() == 0) {
            return new ModelState(state.parameters(), state.buffers(), state.optimizer(), progress);
        }
        float share = (float) (1 / sum.weight());
        Vector mean = HeapVector.over(sum.update()).scale(share);
        float[] buffers = state.buffers().clone();
        HeapVector.over(buffers).add(share, HeapVector.over(sum.buffers()));
        float[] parameters = state.parameters().clone();
        OptimizerState optimizer;
        if (spec.exchange() == Exchange.GRADIENT) {
            optimizer = step(parameters, mean, state, plan);
        } else {
            HeapVector.over(parameters).add(1, mean);
            optimizer = average(state, sum, share, plan.stepsIn(state.progress().round()));
        }
        return new ModelState(parameters, buffers, optimizer, progress);
    }

    private OptimizerState step(float[] parameters, Vector gradient, ModelState state, EpochPlan plan) {
        List<Vector> slots = state.optimizer().slots().stream()
                .<Vector>map(slot -> HeapVector.over(slot.clone()))
                .toList();
        double rate = spec.learningRate().at(state.progress().globalStep(), plan.steps(), spec.epochs());
        long step = state.optimizer().steps() + 1;
        spec.optimizer().step(HeapVector.over(parameters), gradient, slots, decayed, rate, step);
        return new OptimizerState(step, slots.stream().map(Vector::toArray).toList());
    }

    private OptimizerState average(ModelState state, Contribution sum, float share, int steps) {
        if (spec.optimizerState() == OptimizerStatePolicy.RESET) {
            return state.optimizer();
        }
        List<float[]> slots = sum.slots().stream()
                .map(slot -> HeapVector.over(slot).scale(share).values())
                .toList();
        return new OptimizerState(state.optimizer().steps() + steps, slots);
    }

    private static Progress progressAfter(Progress before, long trained, EpochPlan plan) {
        long globalStep = before.globalStep() + plan.stepsIn(before.round());
        long examples = before.examples() + trained;
        return before.round() + 1 == plan.rounds()
                ? new Progress(before.epoch() + 1, 0, globalStep, examples)
                : new Progress(before.epoch(), before.round() + 1, globalStep, examples);
    }
}
