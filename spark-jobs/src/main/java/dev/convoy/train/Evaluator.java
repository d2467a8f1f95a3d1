package dev.convoy.train;

import dev.convoy.data.ConvoyException;
import dev.convoy.data.ImageBatch;
import dev.convoy.data.plan.WorkerShard;
import dev.convoy.data.rdd.ImageShards;
import dev.convoy.data.rdd.ShardOpener;
import dev.convoy.model.Evaluation;
import dev.convoy.model.Loss;
import dev.convoy.model.backend.LocalTrainer;
import dev.convoy.train.replica.ReplicaPool;
import dev.convoy.train.replica.ReplicaSpec;
import java.io.Serializable;
import java.util.Iterator;
import java.util.List;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Evaluates a model on a cluster, one Spark job each time. */
public final class Evaluator {
    private static final Logger LOG = LoggerFactory.getLogger(Evaluator.class);

    private final JavaSparkContext spark;
    private final ReplicaSpec replica;
    private final int batchSize;

    /**
     * @param batchSize images that go through a replica at a time
     */
    public Evaluator(JavaSparkContext spark, ReplicaSpec replica, int batchSize) {
        this.spark = spark;
        this.replica = replica;
        this.batchSize = batchSize;
    }

    /** Weights in the canonical layout, on their way to the executors. */
    private record Weights(float[] parameters, float[] buffers) implements Serializable {}

    /**
     * Evaluates every usable example once. The same on any cluster, given the number of partitions.
     *
     * @param parameters in the canonical layout
     * @param buffers in the canonical layout
     */
    public Evaluation evaluate(ImageShards shards, float[] parameters, float[] buffers) {
        ReplicaSpec kind = replica;
        int size = batchSize;
        ShardOpener opener = shards.opener();
        Broadcast<Weights> weights = spark.broadcast(new Weights(parameters, buffers));
        try {
            Evaluation sum = shards
                    .chunks()
                    .mapPartitions(chunks -> evaluatePartition(kind, size, opener, chunks, weights))
                    .collect()
                    .stream()
                    .reduce(Evaluation.empty(kind.bind().outputs()), Evaluation::plus);
            check(sum, shards);
            return sum;
        } finally {
            weights.destroy();
        }
    }

    private static void check(Evaluation sum, ImageShards shards) {
        if (sum.examples() != shards.examples()) {
            throw new ConvoyException("Cannot evaluate: " + sum.examples() + " of " + shards.examples()
                    + " test images were there; they have changed since they were read first, so start again");
        }
        if (sum.unanswered() > 0) {
            LOG.warn(
                    "The outputs of {} of {} images are not finite; they count as wrong",
                    sum.unanswered(),
                    sum.examples());
        }
    }

    private static Iterator<Evaluation> evaluatePartition(
            ReplicaSpec replica, int batchSize, ShardOpener opener, Iterator<byte[]> chunks, Broadcast<Weights> weights)
            throws InterruptedException {
        if (!chunks.hasNext()) {
            return List.<Evaluation>of().iterator();
        }
        WorkerShard shard = opener.open(chunks);
        Evaluation evaluation = ReplicaPool.with(
                replica.forTask(TaskContext.get()),
                trainer -> evaluate(trainer, shard, weights.value(), replica, batchSize));
        return List.of(evaluation).iterator();
    }

    private static Evaluation evaluate(
            LocalTrainer trainer, WorkerShard shard, Weights weights, ReplicaSpec replica, int batchSize) {
        trainer.replica().parameters().set(weights.parameters);
        trainer.replica().buffers().set(weights.buffers);
        Loss loss = replica.network().loss();
        Evaluation.Tally tally = new Evaluation.Tally(replica.bind().outputs());
        for (long[] ids : shard.batches(batchSize)) {
            ImageBatch batch = shard.gather(ids);
            tally.add(batch, trainer.replica().outputs(batch), loss);
        }
        return tally.evaluation();
    }
}
