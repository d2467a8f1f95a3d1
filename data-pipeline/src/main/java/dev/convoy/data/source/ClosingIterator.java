package dev.convoy.data.source;

import dev.convoy.data.SourceImage;
import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.function.Supplier;

/**
 * Iterates over images of something open, and closes it behind the last one; whoever wants no more before closes it
 * earlier, which another thread may do.
 */
final class ClosingIterator implements Iterator<SourceImage>, Closeable {
    private final Supplier<SourceImage> read;
    private final Closeable source;
    private SourceImage next;
    private boolean ended;

    /**
     * @param read the next image; null behind the last
     * @param source closed once
     */
    ClosingIterator(Supplier<SourceImage> read, Closeable source) {
        this.read = read;
        this.source = source;
    }

    @Override
    public synchronized boolean hasNext() {
        if (next == null && !ended) {
            next = read.get();
            if (next == null) {
                close();
            }
        }
        return next != null;
    }

    @Override
    public synchronized SourceImage next() {
        if (!hasNext()) {
            throw new NoSuchElementException();
        }
        SourceImage image = next;
        next = null;
        return image;
    }

    @Override
    public synchronized void close() {
        if (!ended) {
            ended = true;
            try {
                source.close();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
