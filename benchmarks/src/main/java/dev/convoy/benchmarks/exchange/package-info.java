/** What exchange between workers costs in time, by transport. */
package dev.convoy.benchmarks.exchange;
