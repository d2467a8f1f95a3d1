package dev.convoy.train;

import dev.convoy.data.ImageBatch;
import dev.convoy.data.Target;
import dev.convoy.data.rdd.PickedImages;
import dev.convoy.model.Evaluation;
import dev.convoy.model.Loss;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/**
 * Answers to some images that are worth a look.
 *
 * @param max of each kind
 * @param samples spread over all images, the same ones whatever the workers
 * @param wrong those whose own class was given the least probability, the worst first
 */
public record GivenAnswers(int max, List<Answer> samples, List<Answer> wrong) implements Serializable {
    private static final Comparator<Answer> WORST_FIRST = Comparator.comparingDouble(Answer::truthProbability)
            .thenComparing(answer -> answer.image().id());

    /** As if by chance: ids are in the order of the source, which may have class after class. */
    private static final Comparator<Answer> SPREAD =
            Comparator.comparingLong(answer -> answer.image().id() * 0x9E3779B97F4A7C15L);

    /**
     * An answer.
     *
     * @param truth its class
     * @param answer the class that it was taken for
     * @param probability of the answer
     * @param truthProbability of the image's own class
     */
    public record Answer(PickedImages.Pick image, int truth, int answer, double probability, double truthProbability)
            implements Serializable {}

    public GivenAnswers {
        samples = List.copyOf(samples);
        wrong = List.copyOf(wrong);
    }

    static GivenAnswers none(int max) {
        return new GivenAnswers(max, List.of(), List.of());
    }

    /**
     * Of a batch.
     *
     * @param worker whose it is
     * @param outputs {@code [size, classes]}
     */
    static GivenAnswers of(int max, int worker, ImageBatch batch, double[] outputs, Loss loss) {
        int classes = outputs.length / batch.size();
        List<Answer> all = new ArrayList<>();
        for (int i = 0; i < batch.size(); i++) {
            int answer = Evaluation.answer(outputs, i * classes, classes);
            if (batch.targets().get(i) instanceof Target.ClassIndex truth && answer < classes) {
                double[] answers = loss.answers(outputs, i * classes, classes);
                all.add(new Answer(
                        new PickedImages.Pick(worker, batch.ids()[i]),
                        truth.index(),
                        answer,
                        answers[answer],
                        answers[truth.index()]));
            }
        }
        return new GivenAnswers(
                max,
                all.stream().sorted(SPREAD).limit(max).toList(),
                all.stream()
                        .filter(given -> given.answer != given.truth)
                        .sorted(WORST_FIRST)
                        .limit(max)
                        .toList());
    }

    GivenAnswers plus(GivenAnswers other) {
        return new GivenAnswers(
                max, first(samples, other.samples, SPREAD, max), first(wrong, other.wrong, WORST_FIRST, max));
    }

    private static List<Answer> first(List<Answer> some, List<Answer> others, Comparator<Answer> order, int max) {
        return Stream.concat(some.stream(), others.stream())
                .sorted(order)
                .limit(max)
                .toList();
    }
}
