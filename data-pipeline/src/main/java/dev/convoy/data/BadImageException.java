package dev.convoy.data;

/** Says why an image cannot be used. The message is the reason alone, a clause without the image's name. */
public final class BadImageException extends Exception {
    private static final long serialVersionUID = 1L;

    /** What is the matter with the image. */
    public enum Kind {
        /** It cannot be decoded. */
        UNDECODABLE,
        /** It has another size than images are to have, and nobody has said how to resize it. */
        OTHER_SIZE,
        /** It has colour where images are to have one channel, and nobody has said to make it grey. */
        COLOUR
    }

    private final Kind kind;

    public BadImageException(Kind kind, String reason) {
        super(reason);
        this.kind = kind;
    }

    /** What is the matter with the image. */
    public Kind kind() {
        return kind;
    }
}
