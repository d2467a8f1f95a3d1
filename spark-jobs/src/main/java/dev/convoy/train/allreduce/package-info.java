/**
 * The master whose executors go through many rounds in one barrier stage and sum among themselves. How sums are made is in {@code
 * collective}, what a round is in {@code train.sync}.
 */
package dev.convoy.train.allreduce;
