/**
 * Weighted sums of vectors over ranks: shared memory within a host, Gloo or NCCL between hosts. Knows neither Spark nor
 * training.
 */
package dev.convoy.collective;
