/** The master that makes a Spark job of every round and sums on the driver, or in slices on executors. */
package dev.convoy.train.rounds;
