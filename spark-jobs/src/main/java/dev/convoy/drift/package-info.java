/**
 * Whether tonight's images are still those that the champion was trained on: sets of images in a few numbers, and how far two of them are
 * apart, by size of effect. Pure functions of counts and sums: knows neither files, Spark and Hadoop, nor a configuration or what follows
 * from an alarm.
 */
package dev.convoy.drift;
