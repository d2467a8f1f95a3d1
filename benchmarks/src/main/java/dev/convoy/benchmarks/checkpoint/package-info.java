/** What checkpoints cost a training, and how soon it goes on from one. */
package dev.convoy.benchmarks.checkpoint;
