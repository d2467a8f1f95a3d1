package dev.convoy.registry;

import dev.convoy.data.InvalidValueException;

/**
 * Which versions stay: besides these, all that a kept one was trained from.
 *
 * @param keepVersions how many of the newest, at least 1, since the newest gives the next one its number
 * @param keepEntries the entries of every alias, counted from its newest, whose versions stay, at least 1
 */
public record GcPolicy(int keepVersions, int keepEntries) {
    /** Ten versions, and what twenty entries point to. */
    public static final GcPolicy DEFAULT = new GcPolicy(10, 20);

    public GcPolicy {
        if (keepVersions < 1) {
            throw new InvalidValueException("keepVersions", keepVersions, "it must be at least 1");
        }
        if (keepEntries < 1) {
            throw new InvalidValueException("keepEntries", keepEntries, "it must be at least 1");
        }
    }
}
