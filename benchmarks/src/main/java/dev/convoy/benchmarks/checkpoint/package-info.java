/** What checkpoints cost a training. */
package dev.convoy.benchmarks.checkpoint;
