package dev.convoy.data.plan;

import dev.convoy.data.InvalidValueException;
import java.io.Serializable;
import java.util.Locale;

/**
 * The order in which a worker goes through its examples in an epoch.
 *
 * @param kind of order
 * @param window examples among which {@link Kind#WINDOW} shuffles, at least 1; the others pass it over
 * @param order says what a global batch depends on; {@link Order#CANONICAL} goes with {@link Kind#GLOBAL} and {@link Kind#NONE}
 */
public record Shuffle(Kind kind, int window, Order order) implements Serializable {
    /** Examples with neighbouring ids that {@link Kind#WINDOW} keeps together on their way into a window. */
    public static final int RUN = 64;

    /** Shuffles all of a worker's examples; the default. */
    public static final Shuffle GLOBAL = new Shuffle(Kind.GLOBAL, 1);

    /** The kinds of order. */
    public enum Kind {
        /** Shuffles all of a worker's examples; each comes once an epoch. */
        GLOBAL,
        /**
         * Shuffles runs of {@link Shuffle#RUN} neighbours, and then the examples of as many runs as a window holds;
         * each example comes once an epoch. Storage is read in pieces of a run.
         */
        WINDOW,
        /** Keeps the order of ids; each example comes once an epoch. */
        NONE,
        /**
         * Draws every class that a worker has equally often, and within a class every example equally often, give or
         * take one. There are as many draws as examples, so that in an epoch some examples come several times and
         * others not at all.
         */
        BALANCED
    }

    /** What the examples of a global batch depend on. */
    public enum Order {
        /** On the number of workers: each shuffles all that it owns. */
        PER_WORKER,
        /** On the global batch's size alone: with as many workers as divide it, every step has the same examples. */
        CANONICAL
    }

    public Shuffle {
        if (window < 1) {
            throw new InvalidValueException("window", window, "it must be at least 1");
        }
        if (order == Order.CANONICAL && kind != Kind.GLOBAL && kind != Kind.NONE) {
            throw new InvalidValueException(
                    "order",
                    "canonical",
                    "it goes with a global shuffle or with none, and not with "
                            + kind.name().toLowerCase(Locale.ROOT) + ", which depends on what each worker owns");
        }
    }

    /** An order that each worker makes of its own examples. */
    public Shuffle(Kind kind, int window) {
        this(kind, window, Order.PER_WORKER);
    }

    /** This shuffle with another order. */
    public Shuffle withOrder(Order other) {
        return new Shuffle(kind, window, other);
    }
}
