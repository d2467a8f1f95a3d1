package dev.convoy.data;

/** An image that cannot be used; the message is the reason alone, without the image's name. */
public final class BadImageException extends Exception {
    private static final long serialVersionUID = 1L;

    public BadImageException(String reason) {
        super(reason);
    }
}
