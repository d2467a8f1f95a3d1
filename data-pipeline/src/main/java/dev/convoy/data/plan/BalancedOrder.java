package dev.convoy.data.plan;

import dev.convoy.data.CounterRandom;
import java.util.List;
import java.util.function.BiFunction;

/** Classes in turn, in rounds that each have an order of their own, and within a class its examples round after round. */
final class BalancedOrder {
    private final List<long[]> classes;
    private final BiFunction<Long, Long, CounterRandom> random;

    /**
     * @param classes the ids of each class, none without any
     * @param random for a class's index and its round; for the order of classes, -1 and the round
     */
    BalancedOrder(List<long[]> classes, BiFunction<Long, Long, CounterRandom> random) {
        this.classes = classes;
        this.random = random;
    }

    /** The id of the example that is drawn at this position. */
    long idAt(long position) {
        long round = position / classes.size();
        int drawn = (int) at(classes.size(), position % classes.size(), -1, round);
        long[] ids = classes.get(drawn);
        return ids[(int) at(ids.length, round % ids.length, drawn, round / ids.length)];
    }

    private long at(int size, long place, long of, long round) {
        return new Permutation(size, random.apply(of, round)).apply(place);
    }
}
