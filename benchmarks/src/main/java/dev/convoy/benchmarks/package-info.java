/** The command line of the benchmarks. Every benchmark has a room of its own, and all share {@code contest}. */
package dev.convoy.benchmarks;
