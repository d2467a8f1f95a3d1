/**
 * Who trains which example in which step: pure functions of the seed, the epoch and the number of workers; and the
 * shard, in memory or in a mapped file, from which a worker gathers its batches. No sources, no Spark.
 */
package dev.convoy.data.plan;
