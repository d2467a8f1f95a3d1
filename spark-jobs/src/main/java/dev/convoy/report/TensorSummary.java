package dev.convoy.report;

import dev.convoy.model.ParameterLayout;

/**
 * A trained tensor in numbers.
 *
 * @param name as in the file of weights
 * @param values how many it has
 * @param norm Euclidean
 * @param change norm of the difference to the epoch before; null if that is not known
 * @param gradient norm of the gradient on a fixed sample of training images; null if it was not computed
 * @param min the least value
 * @param max the largest value
 * @param sum of values
 * @param squares sum of squared values
 * @param counts of values in bins of equal width from {@code min} to {@code max}; of large tensors of a sample, scaled up
 */
public record TensorSummary(
        String name,
        int values,
        Double norm,
        Double change,
        Double gradient,
        Double min,
        Double max,
        Double sum,
        Double squares,
        long[] counts) {
    private static final int BINS = 24;
    /** Beyond so many values, every second, third and so on is counted. */
    private static final int MAX_COUNTED = 1 << 16;

    /**
     * Sums a tensor up.
     *
     * @param parameters in the canonical layout
     * @param before the epoch before; empty if not known
     * @param gradient norm of the tensor's; NaN if not known
     */
    static TensorSummary of(ParameterLayout.Entry entry, float[] parameters, float[] before, double gradient) {
        int from = entry.offset();
        int to = from + entry.size();
        double sum = 0;
        double squares = 0;
        double changes = 0;
        double min = Double.POSITIVE_INFINITY;
        double max = Double.NEGATIVE_INFINITY;
        for (int i = from; i < to; i++) {
            double value = parameters[i];
            sum += value;
            squares += value * value;
            min = Math.min(min, value);
            max = Math.max(max, value);
            double change = before.length == 0 ? Double.NaN : value - before[i];
            changes += change * change;
        }
        return new TensorSummary(
                entry.name(),
                entry.size(),
                Finite.of(Math.sqrt(squares)),
                Finite.of(Math.sqrt(changes)),
                Finite.of(gradient),
                Finite.of(min),
                Finite.of(max),
                Finite.of(sum),
                Finite.of(squares),
                counts(parameters, from, to, min, max));
    }

    private static long[] counts(float[] parameters, int from, int to, double min, double max) {
        long[] counts = new long[BINS];
        if (!Double.isFinite(max - min)) {
            return counts;
        }
        int stride = 1 + (to - from - 1) / MAX_COUNTED;
        double width = max > min ? (max - min) / BINS : 1;
        for (int i = from; i < to; i += stride) {
            counts[Math.min(BINS - 1, (int) ((parameters[i] - min) / width))] += stride;
        }
        return counts;
    }
}
