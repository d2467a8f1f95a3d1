package dev.convoy.train;

import dev.convoy.data.ImageBatch;
import dev.convoy.model.Evaluation;
import java.io.Serializable;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.LongStream;

/**
 * How a model answers images, one by one.
 *
 * @param ids of the images, in no order, each once
 * @param answers the class index for each; the number of classes where outputs were not finite
 */
public record ImageAnswers(long[] ids, int[] answers) implements Serializable {
    public ImageAnswers {
        if (ids.length != answers.length) {
            throw new IllegalArgumentException(ids.length + " images have " + answers.length + " answers");
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
        return new ImageAnswers(batch.ids(), answers);
    }

    /** Puts answers to different images together. */
    static ImageAnswers of(List<ImageAnswers> parts) {
        return new ImageAnswers(
                parts.stream().flatMapToLong(part -> LongStream.of(part.ids)).toArray(),
                parts.stream().flatMapToInt(part -> IntStream.of(part.answers)).toArray());
    }
}
