/** How fast one machine takes steps, by engine. */
package dev.convoy.benchmarks.engine;
