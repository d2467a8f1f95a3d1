package dev.convoy.model;

import dev.convoy.data.ImageBatch;
import dev.convoy.data.Target;
import java.io.Serializable;
import java.util.Arrays;

/**
 * How sure a model is of its answers to labelled images, and how often it is right. Sums, so that parts from many workers add up. Examples
 * without a class, and those whose outputs are not finite, are in {@code examples} alone.
 *
 * @param examples with a class
 * @param answers by bin of the answer's probability, how many; bin b of n holds probabilities above b / n up to (b + 1) / n
 * @param probabilities by bin, summed
 * @param right by bin, how many answers are right
 * @param ranks by k, how many examples have their class as the one that is likeliest but for k others
 */
public record Confidence(long examples, long[] answers, double[] probabilities, long[] right, long[] ranks)
        implements Serializable {
    /** As C. Guo and others have them, "On Calibration of Modern Neural Networks", ICML 2017. */
    public static final int BINS = 15;

    /** Ranks that are counted. */
    public static final int RANKS = 5;

    /** Of no examples. */
    public static Confidence empty() {
        return new Confidence(0, new long[BINS], new double[BINS], new long[BINS], new long[RANKS]);
    }

    /**
     * Of a batch.
     *
     * @param outputs {@code [size, classes]} raw outputs
     */
    public static Confidence of(ImageBatch batch, double[] outputs, Loss loss) {
        Confidence sums = empty();
        int classes = outputs.length / batch.size();
        long examples = 0;
        for (int i = 0; i < batch.size(); i++) {
            if (batch.targets().get(i) instanceof Target.ClassIndex truth) {
                examples++;
                sums.add(outputs, i * classes, classes, truth.index(), loss);
            }
        }
        return new Confidence(examples, sums.answers, sums.probabilities, sums.right, sums.ranks);
    }

    private void add(double[] outputs, int from, int classes, int truth, Loss loss) {
        int answer = Evaluation.answer(outputs, from, classes);
        if (answer == classes) {
            return;
        }
        double probability = loss.answers(outputs, from, classes)[answer];
        int bin = Math.max(0, Math.min(BINS - 1, (int) Math.ceil(probability * BINS) - 1));
        answers[bin]++;
        probabilities[bin] += probability;
        right[bin] += answer == truth ? 1 : 0;
        int rank = 0;
        for (int c = 0; c < classes; c++) {
            // Of equal outputs the first class counts as the likelier one, as it does for the answer.
            boolean before = outputs[from + c] > outputs[from + truth]
                    || outputs[from + c] == outputs[from + truth] && c < truth;
            rank += before ? 1 : 0;
        }
        if (rank < RANKS) {
            ranks[rank]++;
        }
    }

    /** Adds two up; neither is changed. */
    public Confidence plus(Confidence other) {
        Confidence sum = empty();
        for (int bin = 0; bin < BINS; bin++) {
            sum.answers[bin] = answers[bin] + other.answers[bin];
            sum.probabilities[bin] = probabilities[bin] + other.probabilities[bin];
            sum.right[bin] = right[bin] + other.right[bin];
        }
        for (int k = 0; k < RANKS; k++) {
            sum.ranks[k] = ranks[k] + other.ranks[k];
        }
        return new Confidence(examples + other.examples, sum.answers, sum.probabilities, sum.right, sum.ranks);
    }

    /**
     * The share of examples whose class is among the likeliest ones; NaN without examples.
     *
     * @param k how many are looked at, 1 to {@link #RANKS}
     */
    public double topAccuracy(int k) {
        return (double) Arrays.stream(ranks).limit(k).sum() / examples;
    }

    /**
     * The expected calibration error: the difference between the mean probability and the share of right answers, averaged over bins
     * by their answers; NaN without answers. 0 if of the answers given with 90 % nine of ten are right, and so on.
     */
    public double calibrationError() {
        double sum = 0;
        for (int bin = 0; bin < BINS; bin++) {
            sum += Math.abs(probabilities[bin] - right[bin]);
        }
        return sum / Arrays.stream(answers).sum();
    }
}
