package dev.convoy.data.rdd;

import dev.convoy.data.BadImageException;
import dev.convoy.data.BadImageException.Kind;
import dev.convoy.data.ConvoyException;

/** An image that may not be left out, and cannot be used. */
public final class UnusableImageException extends ConvoyException {
    private static final long serialVersionUID = 1L;

    private final Kind kind;

    /** @param name of the image */
    public UnusableImageException(String name, BadImageException reason) {
        super("Cannot use the image " + name + ": " + reason.getMessage() + remedy(reason.kind()));
        this.kind = reason.kind();
    }

    private static String remedy(Kind kind) {
        return switch (kind) {
            case UNDECODABLE -> "; mend or remove it, or skip bad images";
            case OTHER_SIZE -> "; resize images to one size";
            case COLOUR -> "; give images 3 channels, or make every image grey";
        };
    }

    /** What is the matter with the image. */
    public Kind kind() {
        return kind;
    }
}
