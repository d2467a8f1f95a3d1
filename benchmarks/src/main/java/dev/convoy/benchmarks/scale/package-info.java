/** How training scales: sums between hosts that a machine plays, and a model of larger clusters. */
package dev.convoy.benchmarks.scale;
