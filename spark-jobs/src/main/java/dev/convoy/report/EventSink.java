package dev.convoy.report;

import java.io.Closeable;
import java.io.IOException;

/** Takes events, one after another, on one thread. */
public interface EventSink extends Closeable {
    /**
     * Takes one.
     *
     * @throws IOException if it cannot; the sink gets no more of them then
     */
    void accept(Event event) throws IOException;

    /** After the last event. */
    @Override
    default void close() throws IOException {}
}
