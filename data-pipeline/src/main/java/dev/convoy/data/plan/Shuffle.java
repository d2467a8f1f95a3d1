package dev.convoy.data.plan;

import dev.convoy.data.InvalidValueException;
import java.io.Serializable;

/**
 * The order in which a worker goes through its examples in an epoch.
 *
 * @param kind of order
 * @param window examples among which {@link Kind#WINDOW} shuffles, at least 1; the others pass it over
 */
public record Shuffle(Kind kind, int window) implements Serializable {
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

    public Shuffle {
        if (window < 1) {
            throw new InvalidValueException("window", window, "it must be at least 1");
        }
    }
}
