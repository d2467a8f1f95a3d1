package dev.convoy.train.dl4j;

import dev.convoy.data.plan.EpochPlan;
import dev.convoy.data.plan.WorkerShard;
import dev.convoy.data.rdd.ImageShards;
import dev.convoy.data.rdd.ShardOpener;
import dev.convoy.model.ModelState;
import dev.convoy.model.Progress;
import dev.convoy.model.backend.dl4j.Dl4jGraph;
import dev.convoy.storage.Interruption;
import dev.convoy.train.DivergedException;
import dev.convoy.train.Quarantined;
import dev.convoy.train.RoundObserver;
import dev.convoy.train.RoundReport;
import dev.convoy.train.TrainingMaster;
import dev.convoy.train.TrainingSpec;
import dev.convoy.train.TrainingState;
import dev.convoy.train.replica.ReplicaSpec;
import dev.convoy.train.sync.ParameterAveraging;
import java.util.Collections;
import java.util.List;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.storage.StorageLevel;
import org.deeplearning4j.spark.api.RDDTrainingApproach;
import org.deeplearning4j.spark.api.Repartition;
import org.deeplearning4j.spark.impl.graph.SparkComputationGraph;
import org.deeplearning4j.spark.impl.paramavg.ParameterAveragingTrainingMaster;
import org.nd4j.linalg.dataset.DataSet;

/**
 * Deeplearning4j's own ParameterAveragingTrainingMaster, to compare with and to migrate from. An epoch is one of its fits, and one
 * round; the learning rate is that of the epoch's first step.
 *
 * <p>Its faults are its own: batches that do not fill a split for every worker may be dropped (the ledger counts them as dropped), the
 * mean is not weighted by examples, Adam's step count and dropout start over in every split, and the optimizer's memory is not part of
 * the {@link TrainingState}: it stays here, from epoch to epoch.
 */
public final class Dl4jMaster implements TrainingMaster {
    /** How Deeplearning4j's master is set up. */
    public enum Tuning {
        /** As its builder has it: exports to disk, repartitions always, forgets the updater. */
        DEFAULTS,
        /** For speed: no export, no repartitioning, nothing kept twice. */
        TUNED
    }

    private final ImageShards shards;
    private final TrainingSpec spec;
    private final Dl4jGraph graph;
    private final SparkComputationGraph spark;
    private final JavaRDD<DataSet> batches;
    private final TrainedExamplesHook counting;

    /**
     * @throws dev.convoy.data.ConvoyException if Deeplearning4j lacks something
     */
    public Dl4jMaster(
            JavaSparkContext context,
            ImageShards shards,
            ReplicaSpec replica,
            TrainingSpec spec,
            ParameterAveraging averaging,
            Tuning tuning) {
        this.shards = shards;
        this.spec = spec;
        this.graph = new Dl4jGraph(replica.bind(), spec.optimizer());
        this.counting = new TrainedExamplesHook(
                context.sc().longAccumulator(), context.sc().doubleAccumulator());
        int batchSize = spec.batchSize();
        int outputs = replica.bind().outputs();
        ShardOpener opener = shards.opener();
        this.batches = shards.chunks()
                .mapPartitions(chunks -> {
                    WorkerShard shard = opener.open(chunks);
                    return shard.batches(batchSize).stream()
                            .map(ids -> Dl4jGraph.dataSet(shard.gather(ids), replica.normalization(), outputs))
                            .iterator();
                })
                .persist(StorageLevel.MEMORY_ONLY());
        this.spark = new SparkComputationGraph(context, graph.graph(), master(averaging, tuning));
    }

    private ParameterAveragingTrainingMaster master(ParameterAveraging averaging, Tuning tuning) {
        ParameterAveragingTrainingMaster.Builder builder = new ParameterAveragingTrainingMaster.Builder(
                        shards.layout().workers(), spec.batchSize())
                .batchSizePerWorker(spec.batchSize())
                .rngSeed(spec.seed())
                .trainingHooks(counting);
        if (tuning == Tuning.TUNED) {
            builder.averagingFrequency(averaging.localSteps())
                    .saveUpdater(averaging.averagesOptimizer())
                    .workerPrefetchNumBatches(2)
                    .rddTrainingApproach(RDDTrainingApproach.Direct)
                    .repartionData(Repartition.Never)
                    .storageLevel(null);
        }
        return builder.build();
    }

    /** This master does whole epochs, and its optimizer's memory is nobody else's. */
    @Override
    public Capabilities capabilities() {
        return new Capabilities(false, false);
    }

    @Override
    public TrainingState advance(TrainingState state, int rounds, RoundObserver observer) {
        long began = System.nanoTime();
        Progress before = state.progress();
        EpochPlan plan = spec.plan(shards.layout(), before.epoch());
        double rate = spec.rate(before.globalStep(), plan);
        graph.set(state.parameters(), state.buffers());
        graph.graph().setLearningRate(rate);
        counting.reset();
        spark.fit(batches);
        if (!Double.isFinite(counting.lossSum())) {
            throw new DivergedException(
                    before,
                    state.model(),
                    List.of(new Quarantined(Quarantined.UNKNOWN, before.globalStep(), Quarantined.Fault.LOSS)));
        }
        RoundReport.Counts counts = counts();
        Progress after = before.afterRound(plan.steps(), counts.trained(), plan.steps());
        double seconds = (System.nanoTime() - began) / 1e9;
        RoundReport report = new RoundReport(
                after,
                true,
                plan.steps(),
                rate,
                Double.NaN,
                counting.lossSum(),
                counts,
                List.of(),
                // It does not tell workers apart.
                Collections.nCopies(shards.layout().workers(), new RoundReport.WorkerTime(seconds, 0)),
                0,
                seconds);
        observer.roundCompleted(report);
        return new TrainingState(
                new ModelState(graph.parameters(), graph.buffers()),
                state.optimizer(),
                state.velocity(),
                after,
                state.norms(),
                state.tuning(),
                state.epoch().plus(report),
                List.of(),
                state.model());
    }

    /** What its hook has seen; whatever it has not, this master has dropped. */
    private RoundReport.Counts counts() {
        // A task that Spark repeats counts its examples again.
        long trained = Math.min(counting.examples(), shards.examples());
        return new RoundReport.Counts(
                trained,
                shards.layout().examples() - shards.examples(),
                0,
                0,
                shards.examples() - trained,
                counting.examples() - trained);
    }

    /** Frees native memory and drops the batches. */
    @Override
    public void close() {
        try (Interruption pause = Interruption.outlast()) {
            batches.unpersist(false);
        }
        graph.close();
    }
}
