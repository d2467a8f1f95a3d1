package dev.convoy.gate;

import java.util.Comparator;
import java.util.stream.IntStream;

/** S. Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 6, 1979. */
final class Holm {
    private Holm() {}

    /**
     * Raises probabilities for their number: the smallest of m is multiplied by m, the next by m - 1, and none is made smaller than one before
     * it. Whoever rejects those that are at most alpha is wrong in any of them with probability alpha at most, however they hang together.
     */
    static double[] adjusted(double[] p) {
        double[] adjusted = new double[p.length];
        int[] order = IntStream.range(0, p.length)
                .boxed()
                .sorted(Comparator.comparingDouble(i -> p[i]))
                .mapToInt(Integer::intValue)
                .toArray();
        double largest = 0;
        for (int rank = 0; rank < order.length; rank++) {
            largest = Math.max(largest, Math.min(1, (order.length - rank) * p[order[rank]]));
            adjusted[order[rank]] = largest;
        }
        return adjusted;
    }
}
