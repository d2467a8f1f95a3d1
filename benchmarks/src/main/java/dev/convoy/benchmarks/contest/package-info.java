/**
 * What all benchmarks share: contestants that take turns in processes of their own, what they train, where they run and
 * how results are reported. Knows no single benchmark.
 */
package dev.convoy.benchmarks.contest;
