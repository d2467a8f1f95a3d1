package dev.convoy.api;

import java.util.OptionalDouble;

/**
 * A training that has ended well.
 *
 * @param directory of the run, with its file system; {@link dev.convoy.predict.Classifier#load(String)} takes it
 * @param epochs that were completed
 * @param accuracy share of right answers of the best epoch's model to the test images, from 0 to 1; empty without test images
 */
public record TrainedRun(String directory, int epochs, OptionalDouble accuracy) {}
