/** Replicas of a network in this process, each owned by a thread, lent to tasks. Knows nothing of training. */
package dev.convoy.train.replica;
