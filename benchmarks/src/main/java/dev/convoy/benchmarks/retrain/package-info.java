/** What a year of nights does to a model. */
package dev.convoy.benchmarks.retrain;
