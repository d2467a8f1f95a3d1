/**
 * Who trains which example in which step: pure functions of the seed, the epoch and the number of workers, and the shard from which a worker
 * gathers its batches. No files, no Spark.
 */
package dev.convoy.data.plan;
