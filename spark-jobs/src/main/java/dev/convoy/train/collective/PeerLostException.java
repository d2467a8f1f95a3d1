package dev.convoy.train.collective;

/** Another rank does not answer. */
public final class PeerLostException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final int member;

    /**
     * @param member of the group; -1 if it is not known
     */
    PeerLostException(int member, String what) {
        super(what);
        this.member = member;
    }

    /** Which member of the group it is. */
    int member() {
        return member;
    }

    private PeerLostException(int rank, PeerLostException cause) {
        super("Rank " + rank + " " + cause.getMessage(), cause);
        this.member = cause.member;
    }

    /** The same in terms of ranks. */
    PeerLostException ofRank(int rank) {
        return new PeerLostException(rank, this);
    }
}
