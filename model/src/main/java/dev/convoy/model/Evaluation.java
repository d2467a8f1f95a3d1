package dev.convoy.model;

import dev.convoy.data.ImageBatch;
import dev.convoy.data.Target;
import java.io.Serializable;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * How a model answers labelled images. Sums, so that parts from many workers add up.
 *
 * @param examples how many
 * @param lossSum summed over examples
 * @param classes number of classes
 * @param answers how often examples of a class were answered with a class, by {@code true class * (classes + 1) + answer}, of those that have a
 *     class; only pairs that occur, since thousands of classes make millions. An answer of {@code classes} is none: outputs were not finite
 */
public record Evaluation(long examples, double lossSum, int classes, Map<Long, Long> answers) implements Serializable {
    /** The largest number of classes of which all pairs are written out. */
    public static final int MAX_MATRIX = 1000;

    /** Adds up batches in place. */
    public static final class Tally {
        private final int classes;
        private final Map<Long, Long> answers = new TreeMap<>();
        private long examples;
        private double lossSum;

        public Tally(int classes) {
            this.classes = classes;
        }

        /**
         * Adds a batch.
         *
         * @param outputs {@code [size, classes]} raw outputs
         */
        public void add(ImageBatch batch, double[] outputs, Loss loss) {
            lossSum += loss.sum(outputs, batch.denseTargets(classes), classes, new double[outputs.length]);
            examples += batch.size();
            for (int i = 0; i < batch.size(); i++) {
                if (batch.targets().get(i) instanceof Target.ClassIndex truth) {
                    int answer = answer(outputs, i * classes, classes);
                    answers.merge((long) truth.index() * (classes + 1) + answer, 1L, Long::sum);
                }
            }
        }

        /** Evaluates what was added so far. */
        public Evaluation evaluation() {
            return new Evaluation(examples, lossSum, classes, new TreeMap<>(answers));
        }
    }

    /** The evaluation of no examples. */
    public static Evaluation empty(int classes) {
        return new Tally(classes).evaluation();
    }

    /**
     * Evaluates one batch.
     *
     * @param outputs {@code [size, classes]} raw outputs
     */
    public static Evaluation of(ImageBatch batch, double[] outputs, Loss loss) {
        Tally tally = new Tally(outputs.length / batch.size());
        tally.add(batch, outputs, loss);
        return tally.evaluation();
    }

    /**
     * Finds the class with the largest output.
     *
     * @param outputs {@code [size, classes]}
     * @param from where the example's begin
     * @return {@code classes} if any output is not finite
     */
    public static int answer(double[] outputs, int from, int classes) {
        int largest = 0;
        for (int c = 0; c < classes; c++) {
            if (!Double.isFinite(outputs[from + c])) {
                return classes;
            }
            if (outputs[from + c] > outputs[from + largest]) {
                largest = c;
            }
        }
        return largest;
    }

    /**
     * Examples of a class that were given an answer.
     *
     * @param answer a class, or the number of classes if outputs were not finite
     */
    public record Pair(int truth, int answer, long examples) {}

    /** The pairs of class and answer that occur, in the order of both. */
    public List<Pair> pairs() {
        int row = classes + 1;
        return answers.entrySet().stream()
                .map(pair -> new Pair((int) (pair.getKey() / row), (int) (pair.getKey() % row), pair.getValue()))
                .toList();
    }

    /** Adds two evaluations up; neither is changed. */
    public Evaluation plus(Evaluation other) {
        Map<Long, Long> sum = new TreeMap<>(answers);
        other.answers.forEach((pair, count) -> sum.merge(pair, count, Long::sum));
        return new Evaluation(examples + other.examples, lossSum + other.lossSum, classes, sum);
    }

    /**
     * Counts of examples, each by class.
     *
     * @param support whose class it is
     * @param answered that were answered with it
     * @param right both
     */
    public record Counts(long[] support, long[] answered, long[] right) {
        /** Of the examples answered with this class, the share whose class it is; NaN if none was. */
        public double precision(int c) {
            return (double) right[c] / answered[c];
        }

        /** Of the examples of this class, the share answered with it; NaN if there are none. */
        public double recall(int c) {
            return (double) right[c] / support[c];
        }
    }

    /** Counts by class, in one pass over the answers. */
    public Counts counts() {
        Counts counts = new Counts(new long[classes], new long[classes], new long[classes]);
        for (Pair pair : pairs()) {
            counts.support[pair.truth] += pair.examples;
            if (pair.answer < classes) {
                counts.answered[pair.answer] += pair.examples;
                counts.right[pair.answer] += pair.truth == pair.answer ? pair.examples : 0;
            }
        }
        return counts;
    }

    /** {@code [true class][answer]} counts; empty beyond {@link #MAX_MATRIX} classes, where the answers alone have to do. */
    public Optional<long[][]> confusion() {
        if (classes > MAX_MATRIX) {
            return Optional.empty();
        }
        long[][] matrix = new long[classes][classes];
        for (Pair pair : pairs()) {
            if (pair.answer < classes) {
                matrix[pair.truth][pair.answer] = pair.examples;
            }
        }
        return Optional.of(matrix);
    }

    /** Examples that were not answered, since outputs were not finite. */
    public long unanswered() {
        return pairs().stream()
                .filter(pair -> pair.answer == classes)
                .mapToLong(Pair::examples)
                .sum();
    }

    /** Mean loss; NaN without examples. */
    public double loss() {
        return lossSum / examples;
    }

    /** Share of the examples with a class that were answered rightly; NaN if none has one. */
    public double accuracy() {
        long right = 0;
        long all = 0;
        for (Pair pair : pairs()) {
            right += pair.truth == pair.answer ? pair.examples : 0;
            all += pair.examples;
        }
        return (double) right / all;
    }
}
