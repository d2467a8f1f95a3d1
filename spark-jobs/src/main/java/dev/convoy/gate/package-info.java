/**
 * Whether a challenger replaces the champion: how many images of a hold-out got better and worse, what chance alone does, what many nights
 * on one hold-out add up to, and the decision in a sentence. Pure functions of answers that were given before: knows neither models, files,
 * Spark and Hadoop, nor a configuration or who asks.
 */
package dev.convoy.gate;
