package dev.convoy.collective;

/** Thrown where a member waits in vain for another: it has failed, it came too late, or the connection broke. */
public final class PeerLostException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /**
     * @param predicate completes the sentence that begins with the rank, for example {@code has failed}
     */
    PeerLostException(int rank, String predicate) {
        super("Rank " + rank + " " + predicate);
    }

    /** For what no exception tells of. */
    public PeerLostException(String message) {
        super(message);
    }

    /** For a failure that does not tell which rank is lost. */
    public PeerLostException(String message, Throwable cause) {
        super(message, cause);
    }
}
