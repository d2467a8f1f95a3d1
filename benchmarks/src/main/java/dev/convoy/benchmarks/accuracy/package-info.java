/** What exchange between workers costs in accuracy. */
package dev.convoy.benchmarks.accuracy;
