package dev.convoy.data.plan;

import dev.convoy.data.CounterRandom;
import java.util.List;
import java.util.function.BiFunction;

/**
 * An order in which every class comes once a round. Each round draws the classes in another random order, and each
 * class draws all of its examples, in another random order each time, before it repeats any.
 */
final class BalancedOrder {
    private final List<long[]> classes;
    private final BiFunction<Long, Long, CounterRandom> random;

    /**
     * @param classes the ids of each class, none of them without any
     * @param random gives a stream by the class's position in the list, or -1 for the order of classes, and by how
     *     often it has begun anew
     */
    BalancedOrder(List<long[]> classes, BiFunction<Long, Long, CounterRandom> random) {
        this.classes = classes;
        this.random = random;
    }

    /** The id of the example that is drawn at this position. */
    long idAt(long position) {
        long round = position / classes.size();
        int drawn = (int) permuted(position % classes.size(), classes.size(), random.apply(-1L, round));
        long[] ids = classes.get(drawn);
        return ids[(int) permuted(round % ids.length, ids.length, random.apply((long) drawn, round / ids.length))];
    }

    private static long permuted(long position, int size, CounterRandom random) {
        return new Permutation(size, random).apply(position);
    }
}
