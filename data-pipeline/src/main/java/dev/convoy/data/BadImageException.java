package dev.convoy.data;

/** An image that cannot be used; the message is the reason alone, without the image's name. */
public final class BadImageException extends Exception {
    private static final long serialVersionUID = 1L;

    /** What is the matter. */
    public enum Kind {
        /** It cannot be decoded. */
        UNDECODABLE,
        /** It can, but does not fit the others: the configuration has to say what becomes of it. */
        MISFIT
    }

    private final Kind kind;

    public BadImageException(Kind kind, String reason) {
        super(reason);
        this.kind = kind;
    }

    public Kind kind() {
        return kind;
    }
}
