/**
 * The master that makes a Spark job of every round and sums on the driver, or in slices on executors. What a round is and what its mean
 * does is in {@code train.sync}.
 */
package dev.convoy.train.rounds;
