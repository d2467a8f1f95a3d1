package dev.convoy.registry;

import dev.convoy.data.ConvoyException;

/** Somebody else holds the lease, and shows signs of life. */
public final class LockedException extends ConvoyException {
    private static final long serialVersionUID = 1L;

    private final transient LeaseStatus holder;

    LockedException(String what, LeaseStatus holder) {
        super("Cannot take the lease of " + what + ": LOCKED by " + holder
                + "; wait until it has ended, or end it: a process on this host counts as dead at once, another one when"
                + " its sign of life is older than " + holder.owner().staleMillis() / 1000.0 + " s");
        this.holder = holder;
    }

    /** Who it is. */
    public LeaseStatus holder() {
        return holder;
    }
}
