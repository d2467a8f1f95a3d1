package dev.convoy.train;

import dev.convoy.data.ConvoyException;
import dev.convoy.data.ImageBatch;
import dev.convoy.data.ObjectBytes;
import dev.convoy.data.plan.WorkerShard;
import dev.convoy.data.rdd.ImageShards;
import dev.convoy.data.rdd.ShardOpener;
import dev.convoy.model.Confidence;
import dev.convoy.model.Evaluation;
import dev.convoy.model.HeapVector;
import dev.convoy.model.Loss;
import dev.convoy.model.ModelState;
import dev.convoy.model.ParameterLayout;
import dev.convoy.model.backend.Replica;
import dev.convoy.model.backend.StepKey;
import dev.convoy.model.layer.TensorSpec;
import dev.convoy.train.replica.ModelBroadcast;
import dev.convoy.train.replica.ReplicaPool;
import dev.convoy.train.replica.ReplicaSpec;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.api.java.function.FlatMapFunction;
import org.apache.spark.api.java.function.Function;
import org.apache.spark.api.java.function.Function2;
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
        Evaluation sum = measure(shards, model, new Totals(), Evaluation.class)
                .reduce(Evaluation.empty(replica.bind().outputs()), Evaluation::plus);
        check(sum, shards);
        return sum;
    }

    private static void check(Evaluation sum, ImageShards shards) {
        check(sum.examples(), shards);
        if (sum.unanswered() > 0) {
            LOG.warn(
                    "The outputs of {} of {} images are not finite; they count as wrong",
                    sum.unanswered(),
                    sum.examples());
        }
    }

    /** An evaluation, how sure the model is of its answers, and some of these. */
    public record Examination(Evaluation evaluation, Confidence confidence, GivenAnswers answers)
            implements Serializable {
        private Examination plus(Examination other) {
            return new Examination(
                    evaluation.plus(other.evaluation), confidence.plus(other.confidence), answers.plus(other.answers));
        }
    }

    /**
     * Evaluates every usable example once, as {@link #evaluate} does, and more closely.
     *
     * @param answers of each kind that are told one by one
     * @throws ConvoyException if images have gone since they were read first
     */
    public Examination examine(ImageShards shards, ModelState model, int answers) {
        Examination sum = measure(shards, model, new Closely(answers), Examination.class)
                .reduce(
                        new Examination(
                                Evaluation.empty(replica.bind().outputs()),
                                Confidence.empty(),
                                GivenAnswers.none(answers)),
                        Examination::plus);
        check(sum.evaluation, shards);
        return sum;
    }

    /**
     * Asks for the class of every usable example.
     *
     * @return answers by the examples' ids
     * @throws ConvoyException if images have gone since they were read first
     */
    public ImageAnswers answers(ImageShards shards, ModelState model) {
        ImageAnswers all = ImageAnswers.of(
                measure(shards, model, new Each(), ImageAnswers.class).toList());
        check(all.ids().length, shards);
        return all;
    }

    /**
     * Takes some images, spread over the workers' and over those of each worker, as they are before random changes.
     *
     * @param count how many at most
     */
    public ImageBatch sample(ImageShards shards, int count) {
        int each = (count + shards.layout().workers() - 1) / shards.layout().workers();
        return shards.chunks().mapPartitionsWithIndex(new Sample(shards.opener(), count, each), true).collect().stream()
                .map(bytes -> ObjectBytes.read(bytes, ImageBatch.class))
                .reduce(ImageBatch::plus)
                .map(some -> some.rows(
                        IntStream.range(0, Math.min(count, some.size())).toArray()))
                .orElseThrow(() -> new ConvoyException("Cannot take a sample: there are no images"));
    }

    /**
     * The gradient of a batch's mean loss, in training mode, as some executor computes it.
     *
     * @return its Euclidean norm by trained tensor, in the canonical order; NaN of frozen ones
     */
    public double[] gradientNorms(ImageBatch batch, ModelState model) {
        try (ModelBroadcast broadcast = ModelBroadcast.of(spark, model)) {
            return spark.parallelize(List.of(ObjectBytes.write(batch)), 1)
                    .map(new Slopes(replica, broadcast))
                    .first();
        }
    }

    /** Takes images of the first partitions, as many as are needed. */
    private record Sample(ShardOpener opener, int partitions, int count)
            implements Function2<Integer, Iterator<byte[]>, Iterator<byte[]>> {
        @Override
        public Iterator<byte[]> call(Integer partition, Iterator<byte[]> chunks) {
            if (partition >= partitions || !chunks.hasNext()) {
                return Collections.emptyIterator();
            }
            WorkerShard shard = opener.open(chunks);
            return shard.batches(Integer.MAX_VALUE).stream()
                    .map(ids -> ObjectBytes.write(shard.gather(spread(ids))))
                    .iterator();
        }

        /** Ids are in the order of the source, which may have class after class. */
        private long[] spread(long[] ids) {
            int taken = Math.min(count, ids.length);
            return IntStream.range(0, taken)
                    .mapToLong(i -> ids[(int) ((2L * i + 1) * ids.length / (2L * taken))])
                    .toArray();
        }
    }

    /** Computes the gradient of a batch, tensor by tensor. */
    private record Slopes(ReplicaSpec replica, ModelBroadcast model) implements Function<byte[], double[]> {
        @Override
        public double[] call(byte[] images) throws InterruptedException {
            ImageBatch batch = ObjectBytes.read(images, ImageBatch.class);
            return ReplicaPool.withReplica(replica.forTask(TaskContext.get()), lent -> {
                model.loadInto(lent);
                lent.train(batch, new StepKey(0, 0, 0));
                return norms(lent.gradient().toArray());
            });
        }

        private double[] norms(float[] gradient) {
            return replica.bind().layout().entries().stream()
                    .filter(entry -> !entry.isBuffer())
                    .mapToDouble(entry -> norm(entry, gradient))
                    .toArray();
        }

        /** Of what training holds there is none. */
        private static double norm(ParameterLayout.Entry entry, float[] gradient) {
            float[] part = Arrays.copyOfRange(gradient, entry.offset(), entry.offset() + entry.size());
            return entry.tensor().role() == TensorSpec.Role.FROZEN
                    ? Double.NaN
                    : HeapVector.over(part).norm();
        }
    }

    private <T> Stream<T> measure(ImageShards shards, ModelState model, Measure measure, Class<T> type) {
        try (ModelBroadcast broadcast = ModelBroadcast.of(spark, model)) {
            Task task = new Task(replica, batchSize, shards.opener(), broadcast, measure);
            return shards.chunks().mapPartitions(task).collect().stream().map(bytes -> ObjectBytes.read(bytes, type));
        }
    }

    private static void check(long found, ImageShards shards) {
        if (found != shards.examples()) {
            throw new ConvoyException("Cannot evaluate: " + found + " of " + shards.examples()
                    + " test images were there; they have changed since they were read first, so start again");
        }
    }

    /** What is taken down of a partition. */
    private interface Measure extends Serializable {
        /**
         * Takes it down.
         *
         * @param worker whose partition it is
         * @param batches of the partition's examples
         * @param classes outputs of the network
         */
        Serializable of(int worker, Iterator<Answered> batches, Loss loss, int classes);
    }

    /**
     * A batch that went through a replica.
     *
     * @param outputs {@code [size, classes]}
     */
    private record Answered(ImageBatch batch, double[] outputs) {}

    /** The sums of a partition. */
    private record Totals() implements Measure {
        @Override
        public Serializable of(int worker, Iterator<Answered> batches, Loss loss, int classes) {
            Evaluation.Tally tally = new Evaluation.Tally(classes);
            batches.forEachRemaining(answered -> tally.add(answered.batch, answered.outputs, loss));
            return tally.evaluation();
        }
    }

    /** The sums of a partition, how sure the model was, and some answers. */
    private record Closely(int answers) implements Measure {
        @Override
        public Serializable of(int worker, Iterator<Answered> batches, Loss loss, int classes) {
            Evaluation.Tally tally = new Evaluation.Tally(classes);
            Confidence confidence = Confidence.empty();
            GivenAnswers given = GivenAnswers.none(answers);
            while (batches.hasNext()) {
                Answered answered = batches.next();
                ImageBatch batch = answered.batch;
                tally.add(batch, answered.outputs, loss);
                confidence = confidence.plus(Confidence.of(batch, answered.outputs, loss));
                given = given.plus(GivenAnswers.of(answers, worker, batch, answered.outputs, loss));
            }
            return new Examination(tally.evaluation(), confidence, given);
        }
    }

    /** The answer to each example of a partition. */
    private record Each() implements Measure {
        @Override
        public Serializable of(int worker, Iterator<Answered> batches, Loss loss, int classes) {
            List<ImageAnswers> all = new ArrayList<>();
            batches.forEachRemaining(next -> all.add(ImageAnswers.of(next.batch, next.outputs, classes)));
            return ImageAnswers.of(all);
        }
    }

    /** Evaluates one partition; brings home the bytes of what was taken down. */
    private record Task(ReplicaSpec replica, int batchSize, ShardOpener opener, ModelBroadcast model, Measure measure)
            implements FlatMapFunction<Iterator<byte[]>, byte[]> {
        @Override
        public Iterator<byte[]> call(Iterator<byte[]> chunks) throws InterruptedException {
            if (!chunks.hasNext()) {
                return Collections.emptyIterator();
            }
            WorkerShard shard = opener.open(chunks);
            // The replica's thread has no task.
            int worker = TaskContext.getPartitionId();
            Serializable found =
                    ReplicaPool.withReplica(replica.forTask(TaskContext.get()), lent -> evaluate(lent, worker, shard));
            return List.of(ObjectBytes.write(found)).iterator();
        }

        private Serializable evaluate(Replica lent, int worker, WorkerShard shard) {
            model.loadInto(lent);
            Iterator<Answered> batches = shard.batches(batchSize).stream()
                    .map(ids -> {
                        ImageBatch batch = shard.gather(ids);
                        return new Answered(batch, lent.outputs(batch));
                    })
                    .iterator();
            return measure.of(
                    worker, batches, replica.network().loss(), replica.bind().outputs());
        }
    }
}
