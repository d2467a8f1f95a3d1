package dev.convoy.model;

import java.util.Arrays;
import java.util.stream.DoubleStream;

/**
 * What training makes small. The loss of a batch is the mean over its examples; the loss of an example is as stated at
 * each constant. Arithmetic is in double precision, on the network's raw outputs {@code z} and the targets {@code t}.
 */
public enum Loss {
    /** {@code -sum t * log softmax(z)}; softmax is built in, so the network ends in logits. */
    SOFTMAX_CROSS_ENTROPY {
        @Override
        double example(double[] z, float[] t, int from, int outputs, double[] gradient) {
            double max = Double.NEGATIVE_INFINITY;
            double weight = 0;
            for (int i = from; i < from + outputs; i++) {
                // Math.max keeps a NaN, which must reach the loss.
                max = Math.max(max, z[i]);
                weight += t[i];
            }
            double sum = 0;
            for (int i = from; i < from + outputs; i++) {
                sum += Math.exp(z[i] - max);
            }
            double logSum = max + Math.log(sum);
            double loss = 0;
            for (int i = from; i < from + outputs; i++) {
                loss += t[i] == 0 ? 0 : t[i] * (logSum - z[i]);
                gradient[i] = weight * Math.exp(z[i] - logSum) - t[i];
            }
            return loss;
        }

        @Override
        double[] answers(double[] z) {
            double max = DoubleStream.of(z).max().orElseThrow();
            double[] powers = DoubleStream.of(z).map(x -> Math.exp(x - max)).toArray();
            double sum = DoubleStream.of(powers).sum();
            return DoubleStream.of(powers).map(x -> x / sum).toArray();
        }
    },
    /** {@code -mean over outputs of t * log s(z) + (1 - t) * log(1 - s(z))}, the sigmoid {@code s} being built in. */
    BINARY_CROSS_ENTROPY {
        @Override
        double example(double[] z, float[] t, int from, int outputs, double[] gradient) {
            double loss = 0;
            for (int i = from; i < from + outputs; i++) {
                loss += Math.max(z[i], 0) - z[i] * t[i] + Math.log1p(Math.exp(-Math.abs(z[i])));
                gradient[i] = (1 / (1 + Math.exp(-z[i])) - t[i]) / outputs;
            }
            return loss / outputs;
        }

        @Override
        double[] answers(double[] z) {
            return DoubleStream.of(z).map(x -> 1 / (1 + Math.exp(-x))).toArray();
        }
    },
    /** {@code mean over outputs of (z - t)^2}. */
    SQUARED_ERROR {
        @Override
        double example(double[] z, float[] t, int from, int outputs, double[] gradient) {
            double loss = 0;
            for (int i = from; i < from + outputs; i++) {
                double error = z[i] - t[i];
                loss += error * error;
                gradient[i] = 2 * error / outputs;
            }
            return loss / outputs;
        }

        @Override
        double[] answers(double[] z) {
            return z;
        }
    };

    /**
     * What an example's raw outputs say of the classes: with {@link #SOFTMAX_CROSS_ENTROPY} probabilities that sum to 1, with
     * {@link #BINARY_CROSS_ENTROPY} a probability for each, with {@link #SQUARED_ERROR} the outputs themselves.
     *
     * @param z {@code [examples, outputs]} raw outputs
     * @param from where the example's begin
     */
    public double[] answers(double[] z, int from, int outputs) {
        return answers(Arrays.copyOfRange(z, from, from + outputs));
    }

    /** Of one example. */
    abstract double[] answers(double[] z);

    /** Computes the loss of the example that starts at {@code from}, and writes its gradient with respect to {@code z}. */
    abstract double example(double[] z, float[] t, int from, int outputs, double[] gradient);

    /**
     * The loss of a batch, summed over its examples.
     *
     * @param z {@code [examples, outputs]} raw outputs
     * @param t {@code [examples, outputs]} targets
     * @param gradient {@code [examples, outputs]}; receives the gradient of the <em>mean</em> loss with respect to
     *     {@code z}
     */
    public double sum(double[] z, float[] t, int outputs, double[] gradient) {
        double[] ones = DoubleStream.generate(() -> 1).limit(z.length / outputs).toArray();
        return sum(z, t, ones, outputs, gradient);
    }

    /**
     * The loss of a batch whose examples have weights, summed over its examples: the loss and the gradient of each are multiplied
     * by its weight. The mean still divides by the number of examples, as Keras' {@code class_weight} does.
     *
     * @param weights {@code [examples]}, finite and at least 0
     */
    public double sum(double[] z, float[] t, double[] weights, int outputs, double[] gradient) {
        double sum = 0;
        for (int from = 0; from < z.length; from += outputs) {
            sum += weights[from / outputs] * example(z, t, from, outputs, gradient);
        }
        for (int i = 0; i < gradient.length; i++) {
            gradient[i] = weights[i / outputs] * gradient[i] / weights.length;
        }
        return sum;
    }
}
