package dev.convoy.data.plan;

import dev.convoy.data.CounterRandom;
import java.util.function.LongFunction;

/**
 * An order of examples, in two levels: runs of neighbours are put in random order, and then examples in random order
 * within each window of that. It is computed and takes no memory.
 */
final class WindowOrder {
    private final long size;
    private final long window;
    private final Permutation runs;
    private final long lastRunSize;
    /** The position, in the order of runs, of the last run by id, which may be shorter. */
    private final long lastRunPosition;

    private final LongFunction<CounterRandom> random;

    /**
     * @param size number of examples
     * @param window number of examples that are shuffled among each other
     * @param random gives the stream of each window, from 0, and at -1 that of the runs
     */
    WindowOrder(long size, long window, LongFunction<CounterRandom> random) {
        this.size = size;
        this.window = window;
        this.random = random;
        long count = (size + Shuffle.RUN - 1) / Shuffle.RUN;
        this.runs = new Permutation(count, random.apply(-1));
        this.lastRunSize = size - (count - 1) * Shuffle.RUN;
        this.lastRunPosition = runs.invert(count - 1);
    }

    /** The rank, by id, of the example at this position. */
    long apply(long position) {
        long index = position / window;
        long first = index * window;
        long length = Math.min(window, size - first);
        return inRuns(first + new Permutation(length, random.apply(index)).apply(position - first));
    }

    private long inRuns(long position) {
        // Positions behind the last run are counted as if it were whole.
        boolean behind = position >= lastRunPosition * Shuffle.RUN + lastRunSize;
        long inWhole = behind ? position + Shuffle.RUN - lastRunSize : position;
        return runs.apply(inWhole / Shuffle.RUN) * Shuffle.RUN + inWhole % Shuffle.RUN;
    }
}
