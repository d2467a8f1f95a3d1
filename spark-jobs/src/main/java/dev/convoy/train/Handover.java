package dev.convoy.train;

import java.io.Serializable;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/**
 * An object on its way between driver and tasks of local mode, which are threads of one process: only its number is
 * serialised. Whoever made it closes it, or takes it.
 */
record Handover<T>(long key) implements Serializable {
    /** Lives only as long as the handovers themselves; no task depends on what another one left. */
    private static final Map<Long, Object> VALUES = new ConcurrentHashMap<>();

    private static final AtomicLong KEYS = new AtomicLong();

    static <T> Handover<T> of(T value) {
        long key = KEYS.incrementAndGet();
        VALUES.put(key, value);
        return new Handover<>(key);
    }

    /** The object itself. */
    @SuppressWarnings("unchecked")
    T value() {
        return (T) VALUES.get(key);
    }

    /** The object itself, which is gone from here afterwards. */
    @SuppressWarnings("unchecked")
    T take() {
        return (T) VALUES.remove(key);
    }
}
