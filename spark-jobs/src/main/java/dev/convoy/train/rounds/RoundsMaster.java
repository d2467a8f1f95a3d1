package dev.convoy.train.rounds;

import dev.convoy.data.plan.EpochPlan;
import dev.convoy.data.rdd.ImageShards;
import dev.convoy.model.HeapVector;
import dev.convoy.model.ModelState;
import dev.convoy.model.Progress;
import dev.convoy.model.Vector;
import dev.convoy.model.optimizer.OptimizerState;
import dev.convoy.train.DivergedException;
import dev.convoy.train.Quarantined;
import dev.convoy.train.RoundReport;
import dev.convoy.train.TrainingMaster;
import dev.convoy.train.TrainingSpec;
import dev.convoy.train.replica.ReplicaSpec;
import dev.convoy.train.sync.Exchange;
import dev.convoy.train.sync.LocalStepsChoice;
import dev.convoy.train.sync.Quarantine;
import dev.convoy.train.sync.SumLayout;
import dev.convoy.train.worker.ModelBroadcast;
import java.nio.FloatBuffer;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.apache.spark.api.java.JavaSparkContext;

/**
 * One Spark job a round: the state goes out, contributions come back and are summed by rank. A task that is lost is repeated by
 * Spark from the same state and the same plan, and so brings home the same numbers.
 */
public final class RoundsMaster implements TrainingMaster {
    private final JavaSparkContext spark;
    private final ImageShards shards;
    private final ReplicaSpec replica;
    private final TrainingSpec spec;
    private final Vector decayed;
    private final SumLayout layout;
    private final Reduction reduction;
    private final Quarantine quarantine;
    private final LocalStepsChoice choice;

    /** The last state from which every worker's first loss was finite; null before the first round. */
    private ModelState lastGood;

    public RoundsMaster(JavaSparkContext spark, ImageShards shards, ReplicaSpec replica, TrainingSpec spec) {
        this.spark = spark;
        this.shards = shards;
        this.replica = replica;
        this.spec = spec;
        this.decayed = HeapVector.over(replica.bind().layout().decayMask());
        this.layout =
                spec.sync().layout(replica.bind().layout(), replica.optimizer().slotCount());
        this.reduction = Reduction.of(layout.length(), shards.layout().workers(), spark.isLocal());
        this.quarantine = new Quarantine(spec.sync().maxNorm());
        this.choice = new LocalStepsChoice();
    }

    @Override
    public ModelState advance(ModelState state, int rounds, Consumer<RoundReport> onRound) {
        int epoch = state.progress().epoch();
        EpochPlan plan = spec.plan(shards.layout(), epoch);
        ModelState now = state;
        for (int i = 0; i < rounds && now.progress().epoch() == epoch; i++) {
            long began = System.nanoTime();
            int steps = spec.sync().stepsOfRound(now.progress(), plan);
            Contribution sum = runJob(now, steps);
            judge(now, sum);
            Progress progress = now.progress().afterRound(steps, sum.counts().trained(), plan.steps());
            ModelState next = apply(now, sum, plan, progress);
            if (!next.isFinite()) {
                throw new DivergedException(
                        now, now, List.of(new Quarantined(0, progress.globalStep() - 1, Quarantined.Fault.MEAN)));
            }
            double seconds = (System.nanoTime() - began) / 1e9;
            if (spec.sync().isMeasuring(now.progress())) {
                next = next.withProgress(progress.withLocalSteps(
                        choice.measured(plan, sum.times().compute(), seconds)));
            }
            now = next;
            onRound.accept(new RoundReport(
                    now.progress(), steps, sum.lossSum(), sum.counts(), sum.quarantined(), sum.times(), seconds));
        }
        return now;
    }

    private Contribution runJob(ModelState state, int steps) {
        ModelState outgoing = spec.sync().averagesOptimizer() ? state : state.withoutOptimizer();
        ModelBroadcast start = ModelBroadcast.of(spark, outgoing.withoutVelocity());
        try (LocalVectors local = spark.isLocal() ? LocalVectors.open() : null) {
            RoundTask task = new RoundTask(
                    replica, spec, shards.layout(), shards.opener(), layout, start, local, steps, quarantine.bound());
            return reduction.sum(shards.chunks(), task);
        } finally {
            start.close();
        }
    }

    private void judge(ModelState now, Contribution sum) {
        // A loss that is not finite at a round's first step condemns the state that the round began with.
        boolean condemned = sum.quarantined().stream().anyMatch(out -> out.condemns(now.progress()));
        if (!condemned || lastGood == null) {
            lastGood = now;
        }
        if (quarantine.mustEnd(sum.quarantined().size(), sum.weight(), sum.normSum())) {
            throw new DivergedException(now, lastGood, sum.quarantined());
        }
    }

    private ModelState apply(ModelState state, Contribution sum, EpochPlan plan, Progress progress) {
        if (sum.weight() == 0) {
            return new ModelState(state.parameters(), state.buffers(), state.optimizer(), state.velocity(), progress);
        }
        float[] mean = HeapVector.over(sum.vector().floats())
                .scale((float) (1 / sum.weight()))
                .values();
        FloatBuffer vector = FloatBuffer.wrap(mean);
        Vector update = heap(layout.update(vector));
        float[] buffers = heap(layout.buffers(vector))
                .add(1, HeapVector.over(state.buffers()))
                .values();
        float[] parameters = state.parameters().clone();
        float[] velocity = state.velocity();
        OptimizerState optimizer;
        if (spec.sync().exchange() == Exchange.GRADIENT) {
            optimizer = step(parameters, update, state, plan);
        } else {
            boolean first = velocity.length == 0 && spec.sync().outer().hasVelocity();
            velocity = first ? new float[parameters.length] : velocity.clone();
            spec.sync().outer().step(HeapVector.over(parameters), update, HeapVector.over(velocity));
            optimizer = average(state, vector, progress);
        }
        return new ModelState(parameters, buffers, optimizer, velocity, progress);
    }

    private OptimizerState step(float[] parameters, Vector gradient, ModelState state, EpochPlan plan) {
        List<Vector> slots = state.optimizer().slots().stream()
                .<Vector>map(slot -> HeapVector.over(slot.clone()))
                .toList();
        long step = state.optimizer().steps() + 1;
        spec.optimizer()
                .step(
                        HeapVector.over(parameters),
                        gradient,
                        slots,
                        decayed,
                        spec.rate(state.progress().globalStep(), plan),
                        step);
        return new OptimizerState(step, slots.stream().map(Vector::toArray).toList());
    }

    private OptimizerState average(ModelState state, FloatBuffer mean, Progress after) {
        if (!spec.sync().averagesOptimizer()) {
            return state.optimizer();
        }
        long steps = state.optimizer().steps()
                + after.globalStep()
                - state.progress().globalStep();
        List<float[]> slots = IntStream.range(0, layout.slots())
                .mapToObj(i -> heap(layout.slot(mean, i)).values())
                .toList();
        return new OptimizerState(steps, slots);
    }

    private static HeapVector heap(FloatBuffer part) {
        return new HeapVector(part.capacity()).set(1, part);
    }
}
