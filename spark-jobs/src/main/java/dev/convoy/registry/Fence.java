package dev.convoy.registry;

/** What whoever publishes must hold: the newest lease of a model, known by its number. */
public interface Fence {
    /** The fencing number: that of the lease, from 1. A later lease has a higher one. */
    int number();

    /**
     * Fails once there is a later lease, or this one is released.
     *
     * @throws LostLeaseException naming what has come between
     * @throws dev.convoy.data.ConvoyException if that cannot be seen
     */
    void checkHeld();
}
