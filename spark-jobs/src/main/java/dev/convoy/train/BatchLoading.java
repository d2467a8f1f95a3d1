package dev.convoy.train;

import dev.convoy.data.ClassWeights;
import dev.convoy.data.ImageBatch;
import dev.convoy.data.InvalidValueException;
import dev.convoy.data.augment.Augmentation;
import dev.convoy.data.plan.Shuffle;
import dev.convoy.data.plan.WorkerShard;
import java.io.Serializable;
import java.util.OptionalLong;

/**
 * How a worker's examples become batches.
 *
 * @param shuffle in which order
 * @param augmentation of the training images
 * @param classWeights of the training images, in the loss
 * @param loaderThreads of each worker, which make as many batches ahead of the step, from 0 (the step makes its own) to {@link
 *     #MAX_THREADS}; {@link #AUTO} for as many as the task has cores beyond the first
 */
public record BatchLoading(Shuffle shuffle, Augmentation augmentation, ClassWeights classWeights, int loaderThreads)
        implements Serializable {
    /** As {@code spark.task.cpus} says. */
    public static final int AUTO = -1;

    /** More would only take memory. */
    public static final int MAX_THREADS = 64;

    /** Each example once an epoch in random order, as it is. */
    public static final BatchLoading PLAIN =
            new BatchLoading(Shuffle.GLOBAL, Augmentation.NONE, ClassWeights.NONE, AUTO);

    public BatchLoading {
        if (loaderThreads < AUTO || loaderThreads > MAX_THREADS) {
            throw new InvalidValueException("loaderThreads", loaderThreads, "allowed are auto and 0 to " + MAX_THREADS);
        }
    }

    /**
     * Gathers a batch, changed and weighed as it is trained.
     *
     * @param ids of images of the shard
     * @param position of the first in its worker's epoch
     */
    public ImageBatch gather(WorkerShard shard, long[] ids, long seed, int epoch, long position) {
        boolean again = shuffle.kind() == Shuffle.Kind.BALANCED;
        OptionalLong place = again ? OptionalLong.of(position) : OptionalLong.empty();
        return classWeights.apply(augmentation.gather(shard, ids, seed, epoch, place));
    }

    /**
     * The number of batches that are made ahead, each by a thread.
     *
     * @param taskCpus cores of Spark's task
     */
    public int threads(int taskCpus) {
        return loaderThreads == AUTO ? Math.min(taskCpus - 1, MAX_THREADS) : loaderThreads;
    }
}
