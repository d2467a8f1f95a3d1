package dev.convoy.registry;

import dev.convoy.storage.ProcessId;
import java.util.Objects;

/**
 * Who holds a lease: the content of {@code lease/N.json}.
 *
 * @param host its name
 * @param pid of the process on that host
 * @param started when the system has started it, in UTC
 * @param mark of the process, as {@link ProcessId#mark} tells
 * @param user whom it belongs to
 * @param attempt what it is about, in the owner's words
 * @param id that no other owner has
 * @param staleMillis the age of its sign of life from which on it counts as dead
 */
public record LeaseOwner(
        String host, long pid, String started, String mark, String user, String attempt, String id, long staleMillis) {
    private static final String UNKNOWN = "?";

    public LeaseOwner {
        Objects.requireNonNull(host);
        Objects.requireNonNull(started);
        Objects.requireNonNull(mark);
        Objects.requireNonNull(user);
        Objects.requireNonNull(attempt);
        Objects.requireNonNull(id);
        if (staleMillis < 1) {
            throw new IllegalArgumentException("stale-millis is below 1");
        }
    }

    /** This process. */
    static LeaseOwner of(ProcessId process, String user, LeaseOptions options, String id) {
        return new LeaseOwner(
                process.host(),
                process.pid(),
                process.started(),
                process.mark(),
                user,
                options.attempt(),
                id,
                options.stale().toMillis());
    }

    /** Whoever has left a file that does not say. */
    static LeaseOwner unknown(LeaseOptions options) {
        return new LeaseOwner(
                UNKNOWN,
                0,
                UNKNOWN,
                UNKNOWN,
                UNKNOWN,
                UNKNOWN,
                UNKNOWN,
                options.stale().toMillis());
    }

    /** Whether it is known that the process is no more; of other hosts nothing is. */
    boolean hasEnded() {
        return new ProcessId(host, pid, started, mark).hasEnded();
    }

    @Override
    public String toString() {
        return host.equals(UNKNOWN)
                ? "an owner whose file cannot be read"
                : attempt + " (process " + pid + " on " + host + ", user " + user + ")";
    }
}
