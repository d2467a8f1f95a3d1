package dev.convoy.train;

import dev.convoy.data.ConvoyException;
import dev.convoy.data.ImageBatch;
import dev.convoy.data.ObjectBytes;
import dev.convoy.data.plan.WorkerShard;
import dev.convoy.data.rdd.ImageShards;
import dev.convoy.data.rdd.ShardOpener;
import dev.convoy.model.Evaluation;
import dev.convoy.model.Loss;
import dev.convoy.model.ModelState;
import dev.convoy.model.backend.Replica;
import dev.convoy.train.replica.ReplicaPool;
import dev.convoy.train.replica.ReplicaSpec;
import dev.convoy.train.sync.Message;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.api.java.function.FlatMapFunction;
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

    /**
     * Evaluates every usable example once. The result is the same on any cluster, given the number of partitions.
     *
     * @throws ConvoyException if images have gone since they were read first
     */
    public Evaluation evaluate(ImageShards shards, ModelState model) {
        Task task = new Task(
                replica,
                batchSize,
                shards.opener(),
                spark.broadcast(Message.write(0, List.of(model.parameters(), model.buffers()))));
        try {
            Evaluation sum = shards.chunks().mapPartitions(task).collect().stream()
                    .map(bytes -> ObjectBytes.read(bytes, Evaluation.class))
                    .reduce(Evaluation.empty(replica.bind().outputs()), Evaluation::plus);
            check(sum, shards);
            return sum;
        } finally {
            task.model.destroy();
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

    /** Evaluates one partition; brings home the bytes of an {@link Evaluation}. */
    private record Task(ReplicaSpec replica, int batchSize, ShardOpener opener, Broadcast<byte[][]> model)
            implements FlatMapFunction<Iterator<byte[]>, byte[]> {
        @Override
        public Iterator<byte[]> call(Iterator<byte[]> chunks) throws InterruptedException {
            if (!chunks.hasNext()) {
                return Collections.emptyIterator();
            }
            WorkerShard shard = opener.open(chunks);
            Evaluation evaluation =
                    ReplicaPool.withReplica(replica.forTask(TaskContext.get()), lent -> evaluate(lent, shard));
            return List.of(ObjectBytes.write(evaluation)).iterator();
        }

        private Evaluation evaluate(Replica lent, WorkerShard shard) {
            lent.parameters().set(Message.vector(model.value(), 0));
            lent.buffers().set(Message.vector(model.value(), 1));
            Loss loss = replica.network().loss();
            Evaluation.Tally tally = new Evaluation.Tally(replica.bind().outputs());
            for (long[] ids : shard.batches(batchSize)) {
                ImageBatch batch = shard.gather(ids);
                tally.add(batch, lent.outputs(batch), loss);
            }
            return tally.evaluation();
        }
    }
}
