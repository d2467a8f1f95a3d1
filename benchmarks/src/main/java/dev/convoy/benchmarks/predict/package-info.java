/** How fast a model is asked. */
package dev.convoy.benchmarks.predict;
