package dev.convoy.storage;

import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.apache.commons.lang3.StringUtils;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes files on a thread of its own, so that whoever makes them does not wait. Of each kind of file the newest that waits is written; one
 * that it replaces before its turn never is. What cannot be written is told in the log, and tried again with the next file and at the end.
 */
public final class BackgroundWriter implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(BackgroundWriter.class);

    /** Writes something. */
    @FunctionalInterface
    public interface Write {
        void run() throws IOException;
    }

    private record Unwritten(Write write, Throwable reason) {}

    private final Map<String, Write> waiting = new LinkedHashMap<>();
    private final Map<String, Unwritten> unwritten = new LinkedHashMap<>();
    private final Thread thread = new Thread(this::work, "convoy-writer");
    private boolean writing;
    private boolean closed;
    private int failures;

    /** Starts the thread, which does not keep the process alive. */
    public BackgroundWriter() {
        thread.setDaemon(true);
        thread.start();
    }

    /**
     * Has something written soon, after what waits already.
     *
     * @param kind names it in messages; replaces what waits under this name
     */
    public synchronized void submit(String kind, Write write) {
        if (closed) {
            throw new IllegalStateException("Nothing is written any more");
        }
        unwritten.remove(kind);
        // Behind what was submitted before it: what refers to another file comes after that.
        waiting.remove(kind);
        waiting.put(kind, write);
        tryAgain();
    }

    private void tryAgain() {
        unwritten.forEach((kind, failed) -> waiting.putIfAbsent(kind, failed.write));
        unwritten.clear();
        notifyAll();
    }

    private void work() {
        try {
            for (Optional<Map.Entry<String, Write>> next = take(); next.isPresent(); next = take()) {
                write(next.get().getKey(), next.get().getValue());
            }
        } catch (InterruptedException e) {
            // Nobody interrupts this thread.
            Thread.currentThread().interrupt();
        }
    }

    /** The first that waits; empty at the end. */
    private synchronized Optional<Map.Entry<String, Write>> take() throws InterruptedException {
        writing = false;
        notifyAll();
        while (waiting.isEmpty() && !closed) {
            wait();
        }
        if (waiting.isEmpty()) {
            return Optional.empty();
        }
        writing = true;
        Map.Entry<String, Write> next =
                Map.Entry.copyOf(waiting.entrySet().iterator().next());
        waiting.remove(next.getKey());
        return Optional.of(next);
    }

    private void write(String kind, Write write) {
        try {
            write.run();
        } catch (IOException | RuntimeException | Error e) {
            // Error, since Hadoop reports a full local disk as one.
            LOG.warn("Cannot write {}: {}; work goes on, and what was there stays", kind, firstLine(e));
            LOG.debug("The reason", e);
            synchronized (this) {
                failures++;
                if (!waiting.containsKey(kind)) {
                    unwritten.put(kind, new Unwritten(write, e));
                }
            }
        }
    }

    /** HDFS's messages bring stack traces along. */
    private static String firstLine(Throwable e) {
        return StringUtils.substringBefore(e.getMessage(), "\n");
    }

    /** How often something could not be written. */
    public synchronized int failures() {
        return failures;
    }

    /**
     * Waits until everything is written, after another try at what could not be.
     *
     * @throws IOException if something still cannot be written
     */
    public synchronized void flush() throws IOException {
        tryAgain();
        try {
            while (writing || !waiting.isEmpty()) {
                wait();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while files were written", e);
        }
        if (!unwritten.isEmpty()) {
            Map.Entry<String, Unwritten> first = unwritten.entrySet().iterator().next();
            Throwable reason = first.getValue().reason;
            throw new IOException(first.getKey() + ": " + firstLine(reason), reason);
        }
    }

    /** Writes what waits, and ends the thread. */
    @Override
    public void close() {
        synchronized (this) {
            closed = true;
            notifyAll();
        }
        boolean interrupted = false;
        while (thread.isAlive()) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                // What waits is worth more than haste.
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
