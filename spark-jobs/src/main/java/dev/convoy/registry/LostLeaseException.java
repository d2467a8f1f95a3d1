package dev.convoy.registry;

import dev.convoy.data.ConvoyException;

/** A lease is not held any more; who held it may publish nothing. */
public final class LostLeaseException extends ConvoyException {
    private static final long serialVersionUID = 1L;

    LostLeaseException(String message) {
        super(message);
    }
}
