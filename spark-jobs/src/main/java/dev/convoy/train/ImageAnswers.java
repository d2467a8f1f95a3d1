package dev.convoy.train;

import dev.convoy.data.ImageBatch;
import dev.convoy.data.Target;
import dev.convoy.model.Evaluation;
import java.io.Serializable;
import java.util.BitSet;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.LongStream;

/**
 * How a model answers images, one by one.
 *
 * @param ids of the images, in no order, each once
 * @param truths the index of the class of each; negative where it has none
 * @param answers the class index for each; the number of classes where outputs were not finite
 */
public record ImageAnswers(long[] ids, int[] truths, int[] answers) implements Serializable {
    public ImageAnswers {
        if (ids.length != answers.length || ids.length != truths.length) {
            throw new IllegalArgumentException(
                    ids.length + " images have " + answers.length + " answers and " + truths.length + " classes");
        }
    }

    /**
     * Reads a batch's answers.
     *
     * @param outputs {@code [size, classes]}
     */
    static ImageAnswers of(ImageBatch batch, double[] outputs, int classes) {
        int[] answers = IntStream.range(0, batch.size())
                .map(i -> Evaluation.answer(outputs, i * classes, classes))
                .toArray();
        int[] truths = batch.targets().stream()
                .mapToInt(target -> target instanceof Target.ClassIndex truth ? truth.index() : -1)
                .toArray();
        return new ImageAnswers(batch.ids(), truths, answers);
    }

    /** Which of the images with a class were answered rightly, in the order of their ids. */
    public BitSet right() {
        List<Integer> order = IntStream.range(0, ids.length)
                .filter(i -> truths[i] >= 0)
                .boxed()
                .sorted(Comparator.comparingLong(i -> ids[i]))
                .toList();
        BitSet right = new BitSet();
        for (int place = 0; place < order.size(); place++) {
            int i = order.get(place);
            right.set(place, answers[i] == truths[i]);
        }
        return right;
    }

    /** Puts answers to different images together. */
    static ImageAnswers of(List<ImageAnswers> parts) {
        return new ImageAnswers(
                parts.stream().flatMapToLong(part -> LongStream.of(part.ids)).toArray(),
                parts.stream().flatMapToInt(part -> IntStream.of(part.truths)).toArray(),
                parts.stream().flatMapToInt(part -> IntStream.of(part.answers)).toArray());
    }
}
