package dev.convoy.jobs;

import dev.convoy.data.ConvoyException;

/** Another attempt holds the run directory now; this one may write nothing any more. */
final class TakenOverException extends ConvoyException {
    private static final long serialVersionUID = 1L;

    TakenOverException(String message) {
        super(message);
    }
}
