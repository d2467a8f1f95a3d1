package dev.convoy.data.plan;

import dev.convoy.data.CounterRandom;
import dev.convoy.data.InvalidValueException;
import java.io.Serializable;

/**
 * Says which worker owns which example, for a whole run. Ids are dealt in a random order that the seed decides, one to
 * each worker in turn, so that the workers' counts differ by at most one, whatever the partitions and executors.
 * Dealing may stop early: what was dealt by then is a random sample.
 *
 * @param seed the run's seed
 * @param available how many ids there are: {@code 0 .. available - 1}
 * @param examples how many of them are dealt, from 1 to {@code available}; images that are later rejected are among
 *     them
 * @param workers at least 1; may exceed the examples, some workers then own nothing
 */
public record WorkerLayout(long seed, long available, long examples, int workers) implements Serializable {
    public WorkerLayout {
        if (examples < 1 || examples > available) {
            throw new InvalidValueException("examples", examples, "it must be from 1 to " + available);
        }
        if (workers < 1) {
            throw new InvalidValueException("workers", workers, "it must be at least 1");
        }
    }

    /** The same examples in the same order, dealt to another number of workers. */
    public WorkerLayout withWorkers(int other) {
        return new WorkerLayout(seed, available, examples, other);
    }

    /** The number of examples that a worker owns. */
    public long size(int worker) {
        return (examples - worker + workers - 1) / workers;
    }

    /** The number of examples of the worker that owns the most. */
    public long largestSize() {
        return size(0);
    }

    /** Makes what looks up ids and workers. That takes no list of ids, and little time. */
    public Dealer dealer() {
        return new Dealer(this);
    }

    /** Looks up who owns an id, and which ids somebody owns. */
    public static final class Dealer {
        private final WorkerLayout layout;
        private final Permutation deal;

        private Dealer(WorkerLayout layout) {
            this.layout = layout;
            this.deal = new Permutation(
                    layout.available, CounterRandom.of(layout.seed, CounterRandom.Purpose.LAYOUT, layout.available));
        }

        /** Whether any worker owns an example. */
        public boolean isDealt(long id) {
            return deal.invert(id) < layout.examples;
        }

        /** The worker that owns an example, if any does. */
        public int workerOf(long id) {
            return (int) (deal.invert(id) % layout.workers);
        }

        /** The id of a worker's {@code slot}-th example, {@code 0 <= slot < size(worker)}. */
        public long idAt(int worker, long slot) {
            return deal.apply(slot * layout.workers + worker);
        }
    }
}
