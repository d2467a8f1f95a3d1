package dev.convoy.registry;

import dev.convoy.data.ConvoyException;

/** An alias has moved on since it was read: somebody else was quicker. What was decided by its old version is to be decided again. */
public final class AliasMovedException extends ConvoyException {
    private static final long serialVersionUID = 1L;

    private final int expected;
    private final int found;

    AliasMovedException(String alias, int expected, int found) {
        super("Cannot append to the alias " + alias + ": its newest entry is number " + found + " and no longer "
                + expected + "; look at it again, and decide again");
        this.expected = expected;
        this.found = found;
    }

    /** The number of the entry that was to be the newest; 0 for none. */
    public int expected() {
        return expected;
    }

    /** The number of the entry that is. */
    public int found() {
        return found;
    }
}
