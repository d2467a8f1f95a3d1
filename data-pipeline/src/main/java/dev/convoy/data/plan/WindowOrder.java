package dev.convoy.data.plan;

import dev.convoy.data.CounterRandom;
import java.util.function.LongFunction;

/** Runs of neighbours in random order, and their examples in random order within windows of it; takes no memory. */
final class WindowOrder {
    private final long size;
    private final long window;
    private final Permutation runs;
    private final long lastRunSize;
    /** Where in the order of runs the one is that may be shorter. */
    private final long lastRunPlace;

    private final LongFunction<CounterRandom> random;

    /** @param random one for the runs, at -1, and one for each window from 0 */
    WindowOrder(long size, long window, LongFunction<CounterRandom> random) {
        this.size = size;
        this.window = window;
        this.random = random;
        long count = (size + Shuffle.RUN - 1) / Shuffle.RUN;
        this.runs = new Permutation(count, random.apply(-1));
        this.lastRunSize = size - (count - 1) * Shuffle.RUN;
        this.lastRunPlace = runs.invert(count - 1);
    }

    /** The rank, by id, of the example at this position. */
    long apply(long position) {
        long index = position / window;
        long first = index * window;
        long length = Math.min(window, size - first);
        return inRuns(first + new Permutation(length, random.apply(index)).apply(position - first));
    }

    private long inRuns(long position) {
        // As if the last run were whole, once it is behind.
        boolean behind = position >= lastRunPlace * Shuffle.RUN + lastRunSize;
        long place = behind ? position + Shuffle.RUN - lastRunSize : position;
        return runs.apply(place / Shuffle.RUN) * Shuffle.RUN + place % Shuffle.RUN;
    }
}
