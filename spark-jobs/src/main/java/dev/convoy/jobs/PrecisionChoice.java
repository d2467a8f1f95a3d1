package dev.convoy.jobs;

import com.typesafe.config.Config;
import dev.convoy.data.ConvoyException;
import dev.convoy.data.ImageBatch;
import dev.convoy.data.Target;
import dev.convoy.model.backend.ComputeBackend;
import dev.convoy.model.backend.Placement.Precision;
import dev.convoy.model.backend.Replica;
import dev.convoy.model.backend.StepKey;
import dev.convoy.train.replica.ReplicaPool;
import dev.convoy.train.replica.ReplicaSpec;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.api.java.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Settles {@code backend.precision = auto}: both precisions are tried with the network that is to be trained, in all task slots at once as
 * training will be.
 */
final class PrecisionChoice {
    private static final Logger LOG = LoggerFactory.getLogger(PrecisionChoice.class);

    static final String KEY = "backend.precision";

    /** Images of a step that is tried, at most, so that it does not take long. */
    private static final int MAX_IMAGES = 16;

    private static final int STEPS = 3;

    /** What it has to take of the time of single precision, so that it is not chance by which it wins. */
    private static final double WORTHWHILE = 0.9;

    private PrecisionChoice() {}

    /**
     * Puts the faster of both in the place of {@code auto}.
     *
     * @param replica of the network, in single precision
     * @param batchSize images of a step
     */
    static Config settled(Config config, JavaSparkContext spark, ReplicaSpec replica, int batchSize) {
        if (!AutoKeys.isAuto(config, KEY)) {
            return config;
        }
        return AutoKeys.with(
                config, KEY, choose(spark, replica, batchSize).name().toLowerCase(Locale.ROOT));
    }

    private static Precision choose(JavaSparkContext spark, ReplicaSpec replica, int batchSize) {
        try {
            ComputeBackend.named(replica.backend())
                    .checkSupport(replica.bind(), replica.in(Precision.BF16).placement());
        } catch (ConvoyException e) {
            LOG.info("{} = auto: fp32; {}", KEY, e.getMessage());
            return Precision.FP32;
        }
        int tasks = spark.defaultParallelism();
        int images = Math.min(batchSize, MAX_IMAGES);
        List<double[]> seconds = spark.parallelize(
                        IntStream.range(0, tasks).boxed().toList(), tasks)
                .map(new Trial(replica, images))
                .collect();
        Precision chosen = faster(seconds);
        LOG.info(
                "{} = auto: {}; a step of {} images takes {} ms in fp32 and {} ms in bf16",
                KEY,
                chosen.name().toLowerCase(Locale.ROOT),
                images,
                Math.round(1e3 * slowest(seconds, 0)),
                Math.round(1e3 * slowest(seconds, 1)));
        return chosen;
    }

    /**
     * The better one for all, since a round waits for the slowest.
     *
     * @param seconds of each task: a step in single precision, and one in bfloat16
     */
    static Precision faster(List<double[]> seconds) {
        return slowest(seconds, 1) < WORTHWHILE * slowest(seconds, 0) ? Precision.BF16 : Precision.FP32;
    }

    private static double slowest(List<double[]> seconds, int which) {
        return seconds.stream().mapToDouble(task -> task[which]).max().orElseThrow();
    }

    /** Takes steps in both precisions, on images of noise. */
    private record Trial(ReplicaSpec replica, int images) implements Function<Integer, double[]> {
        @Override
        public double[] call(Integer task) throws InterruptedException {
            return new double[] {seconds(Precision.FP32), seconds(Precision.BF16)};
        }

        private double seconds(Precision precision) throws InterruptedException {
            return ReplicaPool.withReplica(replica.in(precision).forTask(TaskContext.get()), this::step);
        }

        /** The fastest of a few, after one in which libraries prepare themselves. */
        private double step(Replica lent) {
            lent.parameters().set(replica.bind().initialState(1).parameters());
            ImageBatch noise = noise();
            lent.train(noise, new StepKey(0, 0, 0));
            double best = Double.POSITIVE_INFINITY;
            for (int step = 1; step <= STEPS; step++) {
                long began = System.nanoTime();
                lent.train(noise, new StepKey(0, step, 0));
                best = Math.min(best, (System.nanoTime() - began) / 1e9);
            }
            return best;
        }

        private ImageBatch noise() {
            byte[] pixels = new byte[images * replica.input().size()];
            new Random(1).nextBytes(pixels);
            return new ImageBatch(
                    replica.input(),
                    LongStream.range(0, images).toArray(),
                    pixels,
                    Collections.nCopies(images, new Target.ClassIndex(0)));
        }
    }
}
