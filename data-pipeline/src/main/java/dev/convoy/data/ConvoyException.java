package dev.convoy.data;

/**
 * An error that the user can mend. Its message is one line that names what could not be done, the value that was found,
 * what is allowed and what to do; the command line prints it without a stack trace. Control characters in names are
 * written out, and secrets are left out.
 */
public class ConvoyException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public ConvoyException(String message) {
        super(Redaction.of(Printable.of(message)));
    }

    public ConvoyException(String message, Throwable cause) {
        super(Redaction.of(Printable.of(message)), cause);
    }
}
