package dev.convoy.collective;

/** Another rank does not answer. */
public final class PeerLostException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    PeerLostException(int rank, String what) {
        super("Rank " + rank + " " + what);
    }

    /** Made where it is not known which rank is lost. */
    public PeerLostException(String message, Throwable cause) {
        super(message, cause);
    }
}
