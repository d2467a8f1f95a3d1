/**
 * Replicas of a network in this process, each owned by a thread, lent to tasks with or without an optimizer. Knows nothing of rounds,
 * plans and masters.
 */
package dev.convoy.train.replica;
