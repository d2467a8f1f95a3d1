package dev.convoy.model;

import dev.convoy.data.ImageBatch;
import dev.convoy.data.Target;
import java.io.Serializable;
import java.util.stream.IntStream;

/**
 * How a model answers labelled images. Sums, so that parts from many workers add up.
 *
 * @param examples how many
 * @param lossSum summed over examples
 * @param confusion {@code [true class][predicted class]} counts of the examples that have a class
 */
public record Evaluation(long examples, double lossSum, long[][] confusion) implements Serializable {
    /** No examples yet. */
    public static Evaluation empty(int classes) {
        return new Evaluation(0, 0, new long[classes][classes]);
    }

    /**
     * One batch.
     *
     * @param outputs {@code [size, classes]} raw outputs
     */
    public static Evaluation of(ImageBatch batch, double[] outputs, Loss loss) {
        int classes = outputs.length / batch.size();
        double lossSum = loss.sum(outputs, batch.denseTargets(classes), classes, new double[outputs.length]);
        long[][] confusion = new long[classes][classes];
        for (int i = 0; i < batch.size(); i++) {
            if (batch.targets().get(i) instanceof Target.ClassIndex truth) {
                confusion[truth.index()][largest(outputs, i * classes, classes)]++;
            }
        }
        return new Evaluation(batch.size(), lossSum, confusion);
    }

    private static int largest(double[] outputs, int from, int classes) {
        int largest = 0;
        for (int c = 1; c < classes; c++) {
            if (outputs[from + c] > outputs[from + largest]) {
                largest = c;
            }
        }
        return largest;
    }

    /** Both together; neither is changed. */
    public Evaluation plus(Evaluation other) {
        long[][] sum = new long[confusion.length][];
        for (int t = 0; t < confusion.length; t++) {
            sum[t] = confusion[t].clone();
            for (int p = 0; p < confusion.length; p++) {
                sum[t][p] += other.confusion[t][p];
            }
        }
        return new Evaluation(examples + other.examples, lossSum + other.lossSum, sum);
    }

    /** Mean loss; NaN without examples. */
    public double loss() {
        return lossSum / examples;
    }

    /** Share of the examples with a class that were answered rightly; NaN if none has one. */
    public double accuracy() {
        long right = IntStream.range(0, confusion.length)
                .mapToLong(c -> confusion[c][c])
                .sum();
        long all = IntStream.range(0, confusion.length).mapToLong(this::support).sum();
        return (double) right / all;
    }

    /** Examples whose class this is. */
    public long support(int c) {
        return IntStream.range(0, confusion.length)
                .mapToLong(p -> confusion[c][p])
                .sum();
    }

    /** Of the examples answered with this class, the share whose class it is; NaN if none was. */
    public double precision(int c) {
        long answered = IntStream.range(0, confusion.length)
                .mapToLong(t -> confusion[t][c])
                .sum();
        return (double) confusion[c][c] / answered;
    }

    /** Of the examples of this class, the share answered with it; NaN if there are none. */
    public double recall(int c) {
        return (double) confusion[c][c] / support(c);
    }
}
