package dev.convoy.collective;

import java.util.UUID;

/**
 * Names the use that the members of one {@link Collective} make of shared memory.
 *
 * @param id no other use has it
 * @param previous the use whose memory they may take over, as its members have all ended it well and nobody has used that memory since;
 *     empty if there is none
 */
public record MemoryUse(String id, String previous) {
    /** A use of memory of its own. */
    public static MemoryUse first() {
        return new MemoryUse(UUID.randomUUID().toString(), "");
    }

    /** Whether memory of another use may become this one's. */
    boolean mayFollow(String other) {
        return !previous.isEmpty() && previous.equals(other);
    }
}
